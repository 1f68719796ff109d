"""Why `notify` says no: the closed list of reasons, and for each command those it can meet, first match first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import shared.reason
from shared.contracts.message import Command
from shared.contracts.notify import (
    MOST_RECIPIENTS,
    AddRecipient,
    ConfirmRecipient,
    RemoveRecipient,
    SetLanguage,
)


class Reason(shared.reason.Reason):
    """Why a command is refused: a stable code, and the sentence a person reads."""

    ACCOUNT_UNKNOWN = "account_unknown", "There is no such account."
    EMAIL_INVALID = "email_invalid", "The e-mail address is not one that can be written to."
    RECIPIENT_EXISTS = "recipient_exists", "That address is written to already."
    TOO_MANY_RECIPIENTS = (
        "too_many_recipients",
        f"At most {MOST_RECIPIENTS} addresses are written to beside the owner's.",
    )
    RECIPIENT_UNKNOWN = "recipient_unknown", "Nobody of that address was added."
    LINK_REPLACED = "link_replaced", "A later link was sent to that address."
    LINK_ENDED = "link_ended", "The link was valid for 7 days; they are over."


REFUSALS: Final[Mapping[type[Command], tuple[Reason, ...]]] = {
    SetLanguage: (Reason.ACCOUNT_UNKNOWN,),
    AddRecipient: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.EMAIL_INVALID,
        Reason.RECIPIENT_EXISTS,
        Reason.TOO_MANY_RECIPIENTS,
    ),
    RemoveRecipient: (Reason.ACCOUNT_UNKNOWN, Reason.RECIPIENT_UNKNOWN),
    ConfirmRecipient: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.RECIPIENT_UNKNOWN,
        Reason.LINK_REPLACED,
        Reason.LINK_ENDED,
    ),
}
