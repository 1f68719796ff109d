"""RenewDue: what fell due on a morning is renewed by itself, out of the available credit.

Each resource has an order of its own, so that one that cannot be paid stops no other; they are placed, and so paid, in the
order in which they are to be had: what ends first, then what costs least.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from services.checkout.pricing import Thing, line_for, period_from
from services.checkout.reasons import Reason
from services.checkout.rules.placing import Placing, Wanted, place
from services.checkout.state import Item
from shared.contracts.checkout import RenewalDue, RenewDue
from shared.contracts.message import Message
from shared.contracts.orders import AutoRenewFailed
from shared.contracts.parts import Line
from shared.engine.decision import Cause, Decision, Entity, Known


class _Priced(NamedTuple):
    due: RenewalDue
    item: Item
    line: Line


def renew_due(ask: RenewDue, known: Known, cause: Cause) -> Decision:
    """An order for each resource that can be renewed; for each of the others, why not."""
    changes: list[Entity] = []
    says: list[Message] = []
    priced: list[_Priced] = []
    for due in ask.resources:
        item = _as_told(ask, due, known)
        line = _line(due, item, known, cause)
        if isinstance(line, Reason):
            says.append(_failed(ask, due, line, cause))
        else:
            priced.append(_Priced(due, item, line))
    for due, item, line in sorted(priced, key=_turn):
        placed = place(_placing(ask, due), [Wanted(item, line)], known, cause)
        assert isinstance(placed, Decision), "what one line costs is checked as it is priced"
        changes += placed.changes
        says += placed.says
    return Decision(tuple(changes), (), tuple(says))


def _turn(priced: _Priced) -> tuple[object, ...]:
    return priced.due.until, priced.line.amount, priced.due.resource


def _placing(ask: RenewDue, due: RenewalDue) -> Placing:
    return Placing("renew", due.resource, ask.account, "credit", auto=True)


def _as_told(ask: RenewDue, due: RenewalDue, known: Known) -> Item:
    """The resource as lifecycle has just told it, unless its state has told more."""
    item = known.get(Item, due.resource)
    if item is not None and item.version >= due.version:
        return item
    told = Item(
        *(due.resource, ask.account, due.kind, due.flavor, due.quantity, due.cluster),
        until=due.until,
        # The state that tells the same is still to come, and tells the rest.
        version=due.version - 1,
    )
    if item is None:
        return told
    return replace(told, terms=item.terms, open_order=item.open_order, open_line=item.open_line)


def _line(due: RenewalDue, item: Item, known: Known, cause: Cause) -> Line | Reason:
    if item.open_order is not None:
        return Reason.RESOURCE_BUSY
    if item.until != due.until or item.status not in ("active", "grace", "suspended"):
        return Reason.CHANGED_MEANWHILE
    period = period_from(due.until, due.months, None, cause.at)
    if isinstance(period, Reason):
        return period
    thing = Thing(item.resource, item.kind, item.flavor, item.quantity)
    return line_for(thing, period, known, cause.at)


def _failed(ask: RenewDue, due: RenewalDue, reason: Reason, cause: Cause) -> AutoRenewFailed:
    return AutoRenewFailed(
        account=ask.account,
        resource=due.resource,
        until=due.until,
        amount=0,
        reason=reason.value,
        explanation=reason.sentence,
        missing=0,
        due=cause.at,
        effective_at=cause.at,
    )
