"""Why `checkout` says no: the closed list of reasons, and for each command those it can meet, first match first."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Self

from shared.contracts.checkout import (
    MOST_LINES,
    Buy,
    CancelOrder,
    GrantCoupon,
    PublishPrices,
    Recover,
    Renew,
    RenewDue,
    Resize,
    StopPoc,
)
from shared.contracts.message import MOST_VND, Command
from shared.contracts.payments import LEAST_VND, MOST_PAID_VND


class Reason(StrEnum):
    """Why a command is refused: a stable code, and the sentence a person reads."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Self:
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.sentence = sentence
        return reason

    NOTHING_NAMED = "nothing_named", "Neither a cluster nor a resource is named."
    RESOURCE_TWICE = "resource_twice", "A resource is named twice."
    CLUSTER_UNKNOWN = "cluster_unknown", "There is no such cluster."
    RESOURCE_UNKNOWN = "resource_unknown", "There is no such resource."
    RESOURCE_EXISTS = "resource_exists", "There is a resource of that name already."
    NOT_OWNER = "not_owner", "It belongs to another account."
    NOT_IN_CLUSTER = "not_in_cluster", "A resource is not part of the cluster named."
    CLUSTER_WHOLE_ONLY = "cluster_whole_only", "Metered resources stop POC with their whole cluster only."
    NOT_POC = "not_poc", "The cluster is not POC."
    ALREADY_STOPPED = "already_stopped", "None of them is POC any more."
    NOT_RENEWABLE = "not_renewable", "It cannot be renewed."
    NOT_RESIZABLE = "not_resizable", "It cannot be resized as it stands."
    CHANGED_MEANWHILE = "changed_meanwhile", "It has changed since it fell due."
    NOT_RECOVERABLE = "not_recoverable", "It is not in the trash, or no longer."
    SAME_SIZE = "same_size", "It has that size already."
    PAY_NOT_AVAILABLE = "pay_not_available", "It cannot be paid that way."
    PAY_NOT_POC = "pay_not_poc", "Stop POC is paid with real money, never from the POC wallet."
    PAY_BY_CREDIT = "pay_by_credit", "That is paid for a period: by credit."
    PAY_BY_HOLD = "pay_by_hold", "That is metered: credit is held for it."
    PAY_BY_POC = "pay_by_poc", "A POC resource is paid from the POC wallet only."
    POC_NOT_FOR_THIS = "poc_not_for_this", "The POC wallet does not pay for that."
    POC_NOT_GRANTED = "poc_not_granted", "Nothing was ever granted to this account."
    ACCOUNT_POSTPAID = "account_postpaid", "The account pays by the month, and has no POC wallet."
    POC_ENDED = "poc_ended", "The POC wallet has ended."
    RESOURCE_BUSY = "resource_busy", "Another order has it in hand."
    PERIOD_MISSING = "period_missing", "Say for how many months, or until when."
    PERIOD_TWICE = "period_twice", "Say for how many months or until when, not both."
    UNTIL_NOT_LATER = "until_not_later", "The end must be later than the start."
    UNTIL_TOO_FAR = "until_too_far", "Nothing is bought for more than ten years ahead."
    PRICE_UNKNOWN = "price_unknown", "It has no price."
    AMOUNT_TOO_LARGE = "amount_too_large", f"An order is at most {MOST_VND} VND."
    GATEWAY_UNKNOWN = "gateway_unknown", "Say which gateway: momo or zalopay."
    PAYER_MISSING = "payer_missing", "Say the e-mail address of who is to pay."
    AMOUNT_NOT_PAYABLE = (
        "amount_not_payable",
        f"A gateway takes {LEAST_VND} to {MOST_PAID_VND} VND in one payment.",
    )
    TOO_MANY_RESOURCES = "too_many_resources", f"An order has at most {MOST_LINES} lines."
    COUPON_UNKNOWN = "coupon_unknown", "There is no such coupon."
    COUPON_ENDED = "coupon_ended", "The coupon has ended."
    COUPON_USED_UP = "coupon_used_up", "The coupon is used up."
    COUPON_NOT_FOR_THIS = "coupon_not_for_this", "The coupon is for nothing in this order."
    ORDER_UNKNOWN = "order_unknown", "There is no such order."
    ORDER_PAID = "order_paid", "The order is paid."
    ORDER_ENDED = "order_ended", "The order has ended."
    COUPON_EXISTS = "coupon_exists", "There is such a coupon already."
    AMOUNT_NOT_POSITIVE = "amount_not_positive", "The amount must be more than 0 VND."
    UNTIL_NOT_FUTURE = "until_not_future", "The end must lie in the future."
    PRICE_TWICE = "price_twice", "A price is named twice."
    PRICE_NEGATIVE = "price_negative", "A price is zero or more."
    PRICE_TOO_LARGE = "price_too_large", "A price is too large."
    FLAVOR_JOINED = "flavor_joined", "Parts are priced one by one."
    PER_WRONG = "per_wrong", "That kind is not priced so: per 30 days, or per GB and hour."
    FROM_TOO_FAR = "from_too_far", "Prices are published at most ten years ahead."
    ABANDONED = "abandoned", "The customer abandoned the order."


_PRICED: Final = (Reason.PRICE_UNKNOWN, Reason.AMOUNT_TOO_LARGE)
_PERIOD: Final = (
    Reason.PERIOD_MISSING,
    Reason.PERIOD_TWICE,
    Reason.UNTIL_NOT_LATER,
    Reason.UNTIL_TOO_FAR,
)
# What is asked of every resource that stands, before what is asked of it.
_STANDING: Final = (
    Reason.RESOURCE_UNKNOWN,
    Reason.NOT_OWNER,
    Reason.PAY_NOT_AVAILABLE,
    Reason.RESOURCE_BUSY,
)
# What is asked of a payment from outside, once it is known what it comes to.
_OUTSIDE: Final = (Reason.GATEWAY_UNKNOWN, Reason.PAYER_MISSING, Reason.AMOUNT_NOT_PAYABLE)
COUPON: Final = (
    Reason.COUPON_UNKNOWN,
    Reason.COUPON_ENDED,
    Reason.COUPON_USED_UP,
    Reason.COUPON_NOT_FOR_THIS,
)

REFUSALS: Final[Mapping[type[Command], tuple[Reason, ...]]] = {
    StopPoc: (
        Reason.NOTHING_NAMED,
        Reason.CLUSTER_UNKNOWN,
        Reason.RESOURCE_UNKNOWN,
        Reason.NOT_OWNER,
        Reason.NOT_IN_CLUSTER,
        Reason.NOT_POC,
        Reason.ALREADY_STOPPED,
        Reason.PAY_NOT_POC,
        Reason.PAY_BY_HOLD,
        Reason.PAY_BY_CREDIT,
        Reason.CLUSTER_WHOLE_ONLY,
        Reason.RESOURCE_BUSY,
        Reason.TOO_MANY_RESOURCES,
        *_PRICED,
        *COUPON,
        *_OUTSIDE,
    ),
    Buy: (
        Reason.RESOURCE_TWICE,
        Reason.ACCOUNT_POSTPAID,
        Reason.PAY_NOT_AVAILABLE,
        Reason.PAY_BY_HOLD,
        Reason.PAY_BY_CREDIT,
        Reason.POC_NOT_FOR_THIS,
        Reason.NOT_OWNER,
        Reason.RESOURCE_EXISTS,
        Reason.POC_NOT_GRANTED,
        Reason.POC_ENDED,
        *_PERIOD,
        *_PRICED,
        *COUPON,
        *_OUTSIDE,
    ),
    Renew: (
        Reason.RESOURCE_TWICE,
        *_STANDING,
        Reason.NOT_RENEWABLE,
        Reason.PAY_BY_POC,
        Reason.PAY_BY_CREDIT,
        Reason.POC_NOT_GRANTED,
        Reason.POC_ENDED,
        *_PERIOD,
        *_PRICED,
        *COUPON,
        *_OUTSIDE,
    ),
    Resize: (
        *_STANDING,
        Reason.NOT_RESIZABLE,
        Reason.PAY_BY_POC,
        Reason.PAY_BY_HOLD,
        Reason.PAY_BY_CREDIT,
        Reason.SAME_SIZE,
        *_PRICED,
        *_OUTSIDE,
    ),
    Recover: (
        *_STANDING,
        Reason.NOT_RECOVERABLE,
        Reason.PAY_BY_HOLD,
        Reason.PAY_BY_CREDIT,
        *_PRICED,
        *_OUTSIDE,
    ),
    RenewDue: (Reason.RESOURCE_BUSY, Reason.CHANGED_MEANWHILE, Reason.UNTIL_TOO_FAR, *_PRICED),
    CancelOrder: (Reason.ORDER_UNKNOWN, Reason.NOT_OWNER, Reason.ORDER_PAID, Reason.ORDER_ENDED),
    GrantCoupon: (Reason.COUPON_EXISTS, Reason.AMOUNT_NOT_POSITIVE, Reason.UNTIL_NOT_FUTURE),
    PublishPrices: (
        Reason.FROM_TOO_FAR,
        Reason.PRICE_TWICE,
        Reason.FLAVOR_JOINED,
        Reason.PRICE_NEGATIVE,
        Reason.PRICE_TOO_LARGE,
        Reason.PER_WRONG,
    ),
}
