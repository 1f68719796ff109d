"""A scenario as it was read: what stands before the first step, the steps, and what is expected after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from deploy.simulate.document import Node
from deploy.simulate.gateway import Ways
from shared.contracts.message import Message

Billing = Literal["poc", "prepaid", "hold"]
Misbehaviour = Literal["refuse", "late", "twice", "never"]


@dataclass(frozen=True, slots=True)
class Price:
    """What a flavor costs, as PublishPrices wants it."""

    line: int
    flavor: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Account:
    """An account, and what its wallets hold once the resources given were paid."""

    line: int
    id: str
    mode: str
    email: str
    credit: int
    poc_amount: int | None
    poc_until: datetime | None


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon, as GrantCoupon wants it."""

    line: int
    code: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Standing:
    """A resource that stands before the first step: bought at list price when it began."""

    line: int
    resource: str
    account: str
    kind: str
    flavor: str
    quantity: int
    cluster: str | None
    billing: Billing
    starts: datetime
    until: datetime | None
    auto_renew: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """How the provider answers the next changes of a resource."""

    line: int
    resource: str
    outcome: Misbehaviour
    times: int


@dataclass(frozen=True, slots=True)
class Send:
    """One public command; sent `copies` times as the same message."""

    line: int
    message: Message
    id: str | None
    copies: int


@dataclass(frozen=True, slots=True)
class Expect:
    """What is compared, by section; only what is named there."""

    sections: Mapping[str, Node]


@dataclass(frozen=True, slots=True)
class Step:
    """One instant: what is asked then, and what is expected once nothing is left to do."""

    line: int
    at: datetime
    send: Send | None
    expect: Expect | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file."""

    name: str
    prices: Sequence[Price]
    accounts: Sequence[Account]
    coupons: Sequence[Coupon]
    resources: Sequence[Standing]
    plans: Sequence[Plan]
    ways: Ways
    steps: Sequence[Step]
