"""What other services tell of accounts, clusters and resources, kept so that an order is priced with no question asked.

The newer version stands. What a resource has just become is known from the event already, before its state comes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.checkout.state import Account, Cluster, Item, Members
from shared.contracts import hold, lifecycle
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceExpired,
    ResourceRecovered,
    ResourceRenewed,
    ResourceResized,
)
from shared.contracts.parts import Line, Term
from shared.engine.decision import Cause, Decision, Known, changed
from shared.period import to_minute

NOTHING: Final = Decision()

Became = (
    ResourceCreated
    | ResourceConverted
    | ResourceRenewed
    | ResourceResized
    | ResourceRecovered
    | ResourceExpired
)


def account_told(state: hold.Account, known: Known, cause: Cause) -> Decision:
    """How an account stands: its mode, and when its POC wallet ends."""
    account = Account(state.account, state.mode, state.poc.until if state.poc else None)
    return NOTHING if known.get(Account, account.id) == account else changed(account, says=())


def cluster_told(state: lifecycle.Cluster, known: Known, cause: Cause) -> Decision:
    """How a cluster stands."""
    cluster = known.get(Cluster, state.cluster)
    if cluster is not None and cluster.version >= state.version:
        return NOTHING
    return changed(Cluster(state.cluster, state.account, state.poc, state.version), says=())


def resource_told(state: lifecycle.Resource, known: Known, cause: Cause) -> Decision:
    """How a resource stands; which order has it in hand is checkout's own to know."""
    item = known.get(Item, state.resource)
    if item is not None and item.version >= state.version:
        return NOTHING
    told = Item(
        resource=state.resource,
        account=state.account,
        kind=state.kind,
        flavor=state.flavor,
        quantity=state.quantity,
        cluster=state.cluster,
        billing=state.billing,
        status=state.status,
        until=state.until,
        terms=tuple(state.terms),
        metered=state.metered,
        trash_until=state.trash_until,
        version=state.version,
        open_order=item.open_order if item else None,
        open_line=item.open_line if item else 0,
    )
    members = known.get(Members, state.cluster) if state.cluster else None
    return changed(told, *([members.joined_by(told.resource)] if members else []), says=())


def after(item: Item, event: Became) -> Item:
    """The resource as the event leaves it, if it is not known so already. Only the state that tells the same is newer."""
    if item.version >= event.version:
        return item
    told = replace(
        item,
        billing=event.billing,
        flavor=event.flavor,
        quantity=event.quantity,
        metered=event.metered,
        cluster=event.cluster,
        status="active",
        trash_until=None,
        version=event.version - 1,
    )
    if isinstance(event, ResourceExpired):
        # Its periods are over, and given back: a renewal goes on from here, not from the end they had.
        until = None if item.until is None else min(item.until, to_minute(event.effective_at))
        return replace(told, status="expired", until=until, terms=(), trash_until=event.trash_until)
    if event.line is None:
        return replace(told, until=None, terms=())
    before = item.terms if isinstance(event, ResourceRenewed) else ()
    return replace(told, until=event.line.until, terms=(*before, _term(event.line)))


def _term(line: Line) -> Term:
    return Term(starts=line.starts, until=line.until, paid=max(line.value, 0))
