"""What several services say inside their messages: priced lines, metered products, bought periods.

A line carries every input of its formula, so that its amount can be explained long after the price has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.message import Id, Instant, Vnd

Kind = Literal[
    "server", "volume", "eip", "load_balancer",
    "project", "database", "quota", "cdn", "waf",
    "k8s_node", "k8s_volume", "snapshot", "registry",
]  # fmt: skip
Product = Literal["vserver", "vstorage", "vdb", "vmonitor", "vcdn", "vwaf", "vcontainer", "snapshot", "vcr"]
Per = Literal["30d", "gb_hour"]

MOST_QUANTITY: Final = 100_000
MOST_PARTS: Final = 20

# One priced thing, or several joined by "+": a server with its boot disk is "s-general-2x4+boot-20".
Flavor = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:\-]*(\+[A-Za-z0-9][A-Za-z0-9._:\-]*){0,19}$",
    ),
]
Quantity = Annotated[int, Field(ge=1, le=MOST_QUANTITY)]


class Nested(BaseModel):
    """What a message is made of: frozen, strict in value, and blind to fields of later versions."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Part(Nested):
    """One priced part of a line, rounded on its own: the server, or the boot disk in it."""

    flavor: Flavor = Field(description="What is priced.")
    vnd: Vnd = Field(description="Its price per 30 days and piece, as it was when the line was priced.")
    amount: Vnd = Field(description="vnd x quantity x minutes / 43200, half up.")
    discount_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        default=0, description="The item discount that went with its price, fixed at purchase."
    )
    discount: Vnd = Field(default=0, description="amount x discount_percent / 100, half up.")


class Line(Nested):
    """What one resource costs for one period, with every input of the formula."""

    resource: Id = Field(description="The resource.")
    kind: Kind = Field(description="What kind of resource it is.")
    flavor: Flavor = Field(description="What was priced; the names of its parts joined by +.")
    quantity: Quantity = Field(description="How many of it.")
    starts: Instant = Field(description="From when, to the minute.")
    until: Instant = Field(description="Until when, to the minute; that minute is no longer in it.")
    minutes: Annotated[int, Field(ge=0)] = Field(description="The minutes from starts to until.")
    parts: list[Part] = Field(
        min_length=1, max_length=MOST_PARTS, description="What it is made of, priced one by one."
    )
    gross: Vnd = Field(description="The sum of the parts' amounts.")
    discount: Vnd = Field(default=0, description="The sum of the parts' discounts.")
    coupon: Vnd = Field(default=0, description="This line's share of the order's coupon.")
    carried: Vnd = Field(
        default=0, description="The unused value of what a resize replaces; 0 for anything else."
    )
    amount: Vnd = Field(
        description="gross - discount - coupon - carried: to be paid, or, below zero, to be given back."
    )

    @property
    def value(self) -> int:
        """What the period is worth once the line is paid: given back in proportion to the time not used."""
        return self.amount + self.carried


class PartPrice(Nested):
    """What one part of a metered thing costs, where it has several or a discount: each is rounded on its own."""

    flavor: Flavor = Field(description="What is priced.")
    vnd: Vnd = Field(description="Its price per 30 days and piece.")
    discount_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        default=0, description="The item discount that went with its price, fixed at purchase."
    )


class Metered(Nested):
    """A product that is paid by its use: its price, and what is held for the next three days of it."""

    resource: Id = Field(description="The resource.")
    kind: Kind = Field(description="What kind of resource it is.")
    flavor: Flavor = Field(description="What was priced.")
    quantity: Quantity = Field(description="How many of it, or how many GB.")
    vnd: Vnd = Field(description="The price of one, per 30 days or per GB and hour.")
    per: Per = Field(description="What the price is for: 30 days, or a GB-hour.")
    estimate: Vnd = Field(description="What three days of it cost: this much is held.")
    carried: Vnd = Field(
        default=0,
        description="What is held already for the size a resize replaces: only what is more is held for the order; "
        "0 for anything else.",
    )
    parts: Annotated[list[PartPrice], Field(max_length=MOST_PARTS)] = Field(
        default=[],
        description="Where it has several parts or a discount: each one's price, rounded by itself; vnd is their sum.",
    )

    @property
    def to_hold(self) -> int:
        """What an order of it has to have held: nothing where the size before cost as much."""
        return max(0, self.estimate - self.carried)


class Term(Nested):
    """A period that was bought, and what was paid for it net of everything."""

    starts: Instant = Field(description="From when.")
    until: Instant = Field(description="Until when; that minute is no longer in it.")
    paid: Vnd = Field(
        description="What was paid for it: the value given back in proportion to the time not used."
    )


def explained(line: Line) -> list[str]:
    """How the amount came about, in sentences, with the inputs of the formula."""
    return list(_sentences(line))


def _sentences(line: Line) -> Iterator[str]:
    for part in line.parts:
        yield (
            f"{part.flavor}: {part.vnd:,} VND per 30 days x {line.quantity:,} x {line.minutes:,} minutes"
            f" / 43,200 = {part.amount:,} VND."
        )
        if part.discount:
            yield f"Item discount of {part.discount_percent} % on {part.flavor}: less {part.discount:,} VND."
    if len(line.parts) > 1:
        yield f"Together before discounts: {line.gross:,} VND."
    if line.coupon:
        yield f"Its share of the coupon: less {line.coupon:,} VND."
    if line.carried:
        yield f"Unused value of what it replaces: less {line.carried:,} VND."
    yield f"To be paid: {line.amount:,} VND." if line.amount >= 0 else f"Given back: {-line.amount:,} VND."
