"""What `invoicing` decides: which documents follow from what happened to a resource.

A resource that is paid for a period gets an invoice each time it is paid for, which is closed when the resource ends before
its time; one that is paid by its use gets its use recorded, configuration by configuration; a POC resource gets nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.invoicing.rules import invoices, use
from services.invoicing.rules.told import Bought, Ended, Told, snapshot
from services.invoicing.state import Closing, Resource, resource_key
from shared.contracts.invoicing import ClosedBy, InvoiceAction
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceDeleted,
    ResourceExpired,
    ResourceRecovered,
    ResourceRenewed,
    ResourceResized,
    UsageReported,
)
from shared.contracts.message import Message
from shared.engine.decision import Cause, Decision, Known, Rule, changed

__all__ = ["RULES", "snapshot"]

NOTHING: Final = Decision()
_ACTIONS: Final[Mapping[type[Message], InvoiceAction]] = {
    ResourceCreated: "create",
    ResourceConverted: "convert",
    ResourceRenewed: "renew",
    ResourceRecovered: "recover",
}
_ENDS: Final[Mapping[type[Message], ClosedBy]] = {ResourceDeleted: "delete", ResourceExpired: "expire"}


def bought(told: Bought, known: Known, cause: Cause) -> Decision:
    """One more invoice, or use that begins. Invoices there are stand: what is renewed comes after them."""
    before = _resource(told, known)
    if told.billing == "prepaid" and told.line is not None:
        return invoices.issued(told, told.line, _ACTIONS[type(told)], before, known, cause)
    if told.billing == "hold" and told.metered is not None:
        return use.goes_on(use.of(told, told.metered, cause), before, known, cause)
    return NOTHING


def resized(told: ResourceResized, known: Known, cause: Cause) -> Decision:
    """The invoices that run are closed and one takes their place; or the use goes on in another configuration."""
    before = _resource(told, known)
    if told.billing == "prepaid" and told.line is not None:
        closed = invoices.closed(told, "resize", before, known, cause)
        rest = _without(closed, before)
        return _together(closed, invoices.issued(told, told.line, "resize", rest, known, cause))
    if told.billing == "hold" and told.metered is not None:
        return use.goes_on(use.of(told, told.metered, cause), before, known, cause)
    return NOTHING


def ended(told: Ended, known: Known, cause: Cause) -> Decision:
    """Whatever runs of the resource ends with it; invoices that have run out stand as they are."""
    before = _resource(told, known)
    closed = invoices.closed(told, _ENDS[type(told)], before, known, cause)
    after = replace(_without(closed, before), usage=None)
    if after == before:
        return NOTHING
    return _together(closed, use.ended(before, known, cause), changed(after, says=()))


def usage_reported(told: UsageReported, known: Known, cause: Cause) -> Decision:
    """What is metered by its size is used in another size from then on (docs/decisions/0503)."""
    before = _resource(told, known)
    running = use.running(before, known)
    if running is None or running.quantity == told.quantity:
        return NOTHING
    return use.goes_on(use.in_another_size(running, told, cause), before, known, cause)


RULES: Final[Mapping[type[Message], Rule]] = {
    ResourceCreated: bought,
    ResourceConverted: bought,
    ResourceRenewed: bought,
    ResourceRecovered: bought,
    ResourceResized: resized,
    ResourceDeleted: ended,
    ResourceExpired: ended,
    UsageReported: usage_reported,
}


def _resource(told: Told, known: Known) -> Resource:
    key = resource_key(told.account, told.resource)
    return known.get(Resource, key) or Resource(told.account, told.resource)


def _without(closed: Decision, resource: Resource) -> Resource:
    gone = {row.invoice for row in closed.adds if isinstance(row, Closing)}
    return replace(resource, invoices=tuple(id_ for id_ in resource.invoices if id_ not in gone))


def _together(*decisions: Decision) -> Decision:
    return Decision(
        tuple(entity for decision in decisions for entity in decision.changes),
        tuple(row for decision in decisions for row in decision.adds),
        tuple(message for decision in decisions for message in decision.says),
    )
