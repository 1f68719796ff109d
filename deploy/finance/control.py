"""The control sheet: totals of a month by product, and their differences to the ledger, each of which must be 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from shared.engine.looking import looking
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("control.sql"))


class Product(NamedTuple):
    """One product: its record is what was invoiced less what was given back; what was paid is what hold has booked."""

    product: str
    lines: int
    recorded: int
    invoiced: int
    given_back: int
    paid: int
    from_hold: int
    booked: int

    @property
    def difference(self) -> int:
        """What does not add up, in either respect."""
        return abs(self.recorded - self.invoiced + self.given_back) + abs(self.paid - self.booked)


class Totals(NamedTuple):
    """The month: its records, its invoices for use, and what was paid of them beside what the ledger says."""

    recorded: int
    invoiced: int
    not_recorded: int
    paid: int
    ledger: int
    awaited: int


@dataclass(frozen=True, slots=True)
class Control:
    """The sheet."""

    month: str
    products: tuple[Product, ...]
    totals: Totals

    @property
    def differences(self) -> Mapping[str, int]:
        """Whatever must be 0, by what it compares."""
        products, totals = self.products, self.totals
        return {
            "by product": sum(one.difference for one in products),
            "records to lines": totals.recorded - sum(one.recorded for one in products),
            "invoices to lines": totals.invoiced
            - totals.not_recorded
            - sum(one.invoiced for one in products),
            "payments to ledger": totals.paid - totals.ledger,
            "payments to products": totals.paid - sum(one.paid for one in products),
        }

    @property
    def right(self) -> bool:
        """Whether everything ties."""
        return not any(self.differences.values())


async def control(dsn: str, month: str) -> Control:
    """The sheet of that month, as of one instant."""
    async with looking(dsn) as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        products = [Product(*row.values()) for row in await conn.fetch(_SQL["read_products"], month)]
        totals = Totals(*(await conn.fetchrow(_SQL["read_totals"], month)).values())
    return Control(month, tuple(products), totals)
