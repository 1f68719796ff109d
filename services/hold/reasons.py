"""Why `hold` says no: the closed list of reasons, and for each command those it can meet, first match first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import shared.reason
from services.hold.state import MOST_REFERENCE_CHARACTERS
from shared.contracts.charges import GiveBack, PayFrom, PlaceCharge, PlaceHold, ReleaseHold, Settle
from shared.contracts.hold import MOST_HOLDS, ExtendPoc, GrantPoc, OpenAccount, TopUp
from shared.contracts.message import MOST_VND, Command
from shared.contracts.reserving import FreeReserve, PlacePayment, ReserveCredit


class Reason(shared.reason.Reason):
    """Why a command is refused: a stable code, and the sentence a person reads."""

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
    AMOUNT_NEGATIVE = "amount_negative", "The amount must not be below 0 VND."
    CHARGED_OTHERWISE = (
        "charged_otherwise",
        "The order was charged already, another amount or another wallet.",
    )
    CREDIT_SHORT = "credit_short", "Less credit is available than that."
    POC_SHORT = "poc_short", "Less is left in the POC wallet than that."
    HELD_OTHERWISE = "held_otherwise", "The order held credit for this product already, another amount."
    HOLDS_TOO_MANY = "holds_too_many", f"An account holds credit for at most {MOST_HOLDS} products."
    HOLD_UNKNOWN = "hold_unknown", "Nothing was set aside there."
    MORE_THAN_HELD = "more_than_held", "Less than that was set aside."
    ORDER_MISSING = "order_missing", "Which order was charged must be said."
    CHARGE_UNKNOWN = "charge_unknown", "The order was never charged."
    WALLET_DIFFERS = "wallet_differs", "The order was paid out of the other wallet."
    MORE_THAN_CHARGED = "more_than_charged", "Less than that is left of the order's charge."
    MORE_THAN_SPENT = (
        "more_than_spent",
        "Less than that was ever paid out of the POC wallet and not given back.",
    )
    SETTLED_OTHERWISE = (
        "settled_otherwise",
        "The invoice was settled for this product already, another amount.",
    )
    PAID_OTHERWISE = "paid_otherwise", "The payment was made already, another amount or another invoice."


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
    PlaceCharge: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.CHARGED_OTHERWISE,
        Reason.AMOUNT_NEGATIVE,
        Reason.ACCOUNT_POSTPAID,
        Reason.POC_NOT_GRANTED,
        Reason.POC_ENDED,
        Reason.POC_SHORT,
        Reason.CREDIT_SHORT,
    ),
    PlaceHold: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.HELD_OTHERWISE,
        Reason.AMOUNT_NEGATIVE,
        Reason.HOLDS_TOO_MANY,
        Reason.CREDIT_SHORT,
    ),
    ReleaseHold: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.AMOUNT_NOT_POSITIVE,
        Reason.HOLD_UNKNOWN,
        Reason.MORE_THAN_HELD,
    ),
    GiveBack: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.AMOUNT_NOT_POSITIVE,
        Reason.ORDER_MISSING,
        Reason.CHARGE_UNKNOWN,
        Reason.WALLET_DIFFERS,
        Reason.MORE_THAN_CHARGED,
        Reason.ACCOUNT_POSTPAID,
        Reason.POC_NOT_GRANTED,
        Reason.MORE_THAN_SPENT,
        Reason.BALANCE_TOO_LARGE,
    ),
    Settle: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.SETTLED_OTHERWISE,
        Reason.AMOUNT_NEGATIVE,
    ),
    PayFrom: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.PAID_OTHERWISE,
        Reason.AMOUNT_NOT_POSITIVE,
    ),
    ReserveCredit: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.AMOUNT_NEGATIVE,
    ),
    FreeReserve: (Reason.ACCOUNT_UNKNOWN,),
    PlacePayment: (
        Reason.ACCOUNT_UNKNOWN,
        Reason.CHARGED_OTHERWISE,
        Reason.AMOUNT_NOT_POSITIVE,
        Reason.REFERENCE_INVALID,
        Reason.REFERENCE_USED,
        Reason.BALANCE_TOO_LARGE,
        Reason.CREDIT_SHORT,
    ),
}
