"""Whether a priced line still fits what it was priced for, and the terms that come of it once it is paid."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from services.lifecycle.state import Resource
from shared.contracts.message import MOST_VND
from shared.contracts.parts import Kind, Line, Metered, Term


class Sized(Protocol):
    """What has a kind and a size: a resource, or the wish for one."""

    @property
    def kind(self) -> Kind: ...
    @property
    def flavor(self) -> str: ...
    @property
    def quantity(self) -> int: ...


def same_size(priced: Line | Metered, thing: Sized, resource: str) -> bool:
    """Whether just this was priced."""
    return (priced.resource, priced.kind, priced.flavor, priced.quantity) == (
        resource,
        thing.kind,
        thing.flavor,
        thing.quantity,
    )


def is_period(line: Line, starts: datetime | None) -> bool:
    """Whether it prices a period of its own from that instant on, replacing nothing."""
    return line.starts == starts and line.until > starts and line.carried == 0 and line.amount >= 0


def buys(line: Line, thing: Sized, resource: str, starts: datetime | None) -> bool:
    """Whether it prices just this thing, for a period of its own from that instant on."""
    return same_size(line, thing, resource) and is_period(line, starts)


def bought(line: Line) -> Term:
    """The period a paid line has bought."""
    return Term(starts=line.starts, until=line.until, paid=line.value)


def can_be_told(resource: Resource, line: Line) -> bool:
    """Whether the value of all its periods stays a number that every reader of messages can tell."""
    return sum(term.paid for term in resource.terms) + line.value <= MOST_VND
