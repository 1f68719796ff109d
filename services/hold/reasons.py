"""Why `hold` says no: the closed list of reasons, and for each command those it can meet, first match first."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Self

from services.hold.state import MOST_REFERENCE_CHARACTERS
from shared.contracts.hold import ExtendPoc, GrantPoc, OpenAccount, TopUp
from shared.contracts.message import MOST_VND, Command


class Reason(StrEnum):
    """Why a command is refused: a stable code, and the sentence a person reads."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Self:
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.sentence = sentence
        return reason

    ACCOUNT_UNKNOWN = "account_unknown", "There is no such account."
    ACCOUNT_EXISTS = "account_exists", "The account is open already."
    ACCOUNT_POSTPAID = "account_postpaid", "Only prepaid accounts have a POC wallet."
    EMAIL_INVALID = "email_invalid", "The e-mail address is not one that can be written to."
    AMOUNT_NOT_POSITIVE = "amount_not_positive", "The amount must be more than 0 VND."
    REFERENCE_MISSING = "reference_missing", "A payment without a reference cannot be told from another."
    REFERENCE_INVALID = (
        "reference_invalid",
        f"A reference is at most {MOST_REFERENCE_CHARACTERS} printable characters, with no space around them.",
    )
    REFERENCE_USED = "reference_used", "The payment with this reference was counted already."
    BALANCE_TOO_LARGE = "balance_too_large", f"A wallet holds at most {MOST_VND} VND."
    UNTIL_NOT_FUTURE = "until_not_future", "The end must lie in the future."
    UNTIL_BEFORE_CURRENT = (
        "until_before_current",
        "A grant cannot shorten the POC wallet: it ends later than that.",
    )
    POC_NOT_GRANTED = "poc_not_granted", "Nothing was ever granted to this account."
    POC_ENDED = "poc_ended", "The POC wallet has ended: it can be granted again, not extended."
    UNTIL_NOT_LATER = "until_not_later", "The new end must be later than the present one."


REFUSALS: Final[Mapping[type[Command], tuple[Reason, ...]]] = {
    OpenAccount: (
        Reason.ACCOUNT_EXISTS,
        Reason.EMAIL_INVALID,
    ),
    TopUp: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.AMOUNT_NOT_POSITIVE,
        Reason.REFERENCE_MISSING,
        Reason.REFERENCE_INVALID,
        Reason.REFERENCE_USED,
        Reason.BALANCE_TOO_LARGE,
    ),
    GrantPoc: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.ACCOUNT_POSTPAID,
        Reason.AMOUNT_NOT_POSITIVE,
        Reason.UNTIL_NOT_FUTURE,
        Reason.UNTIL_BEFORE_CURRENT,
        Reason.BALANCE_TOO_LARGE,
    ),
    ExtendPoc: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.ACCOUNT_POSTPAID,
        Reason.POC_NOT_GRANTED,
        Reason.POC_ENDED,
        Reason.UNTIL_NOT_LATER,
    ),
}
