"""Why `provisioning` says no: the closed list of reasons, first match first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import shared.reason
from shared.contracts.message import Command
from shared.contracts.provisioning import CancelChange, ChangeResource, PlanOutcome


class Reason(shared.reason.Reason):
    """Why a change is refused: a stable code, and the sentence a person reads."""

    CANCELLED = "cancelled", "The request was taken back."
    PLANNED = "planned", "The provider was told to refuse this."


REFUSALS: Final[Mapping[type[Command], tuple[Reason, ...]]] = {
    ChangeResource: (Reason.CANCELLED, Reason.PLANNED),
    CancelChange: (),
    PlanOutcome: (),
}
