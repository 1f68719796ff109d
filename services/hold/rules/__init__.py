"""What `hold` decides, by meaning: `accounts`, `wallets` (money in), `charges` (orders paid and given back), `holds`.

Each rule answers with exactly one event: what happened, or a refusal with the first reason that applies, in
the order in which `reasons.REFUSALS` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.hold.rules.accounts import open_account
from services.hold.rules.answers import REFUSED_WITH, snapshot
from services.hold.rules.charges import give_back, place_charge
from services.hold.rules.holds import place_hold, release_hold
from services.hold.rules.wallets import extend_poc, grant_poc, top_up
from shared.contracts.charges import GiveBack, PlaceCharge, PlaceHold, ReleaseHold
from shared.contracts.hold import ExtendPoc, GrantPoc, OpenAccount, TopUp
from shared.contracts.message import Message
from shared.engine.decision import Rule

__all__ = ["REFUSED_WITH", "RULES", "snapshot"]

RULES: Final[Mapping[type[Message], Rule]] = {
    OpenAccount: open_account,
    TopUp: top_up,
    GrantPoc: grant_poc,
    ExtendPoc: extend_poc,
    PlaceCharge: place_charge,
    PlaceHold: place_hold,
    ReleaseHold: release_hold,
    GiveBack: give_back,
}
