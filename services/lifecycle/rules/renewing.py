"""Renewing: a period more from the present end on, whatever the time of the act. Decided at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.lifecycle.reasons import Reason
from services.lifecycle.rules.asking import in_change, told_provider
from services.lifecycle.rules.finding import Against, found, is_deleted, poc_is_over, unless
from services.lifecycle.rules.priced import bought, buys, can_be_told
from services.lifecycle.rules.settling import has_room, settled
from services.lifecycle.rules.telling import joined, refused, told
from services.lifecycle.state import Resource
from shared.contracts.lifecycle import ResourceRenewed
from shared.contracts.parts import Term
from shared.contracts.resources import MOST_TERMS, RenewResource
from shared.engine.decision import Cause, Decision, Known, said

# A period over for so long has nothing left, however late a message may come.
_KEPT: Final = timedelta(days=31)


def renew_resource(ask: RenewResource, known: Known, cause: Cause) -> Decision:
    """One more period. In grace or suspended it runs again; an expired POC resource becomes a paid one."""
    before = unless(found(ask, known), lambda resource: _against(ask, resource, known, cause))
    if isinstance(before, Reason):
        return said(refused(ask, before, cause.at))
    after = _renewed(before, ask, cause)
    event = told(ResourceRenewed, after, cause.at, order=ask.order, line=ask.line, auto=ask.auto)
    provider = told_provider(after, "renew", cause, cause.at)
    return joined(Decision(says=(event,)), settled(known, [(before, after)]), said(provider))


def _renewed(before: Resource, ask: RenewResource, cause: Cause) -> Resource:
    after = replace(
        before.after("renew"),
        until=ask.line.until,
        terms=(*_kept(before, cause.at), bought(ask.line)),
        trash_until=None,
    )
    if before.status != "expired":
        return after
    return replace(after, billing="prepaid", starts=ask.line.starts)


def _kept(resource: Resource, at: datetime) -> tuple[Term, ...]:
    return tuple(term for term in resource.terms if at - term.until < _KEPT)


def _against(ask: RenewResource, resource: Resource, known: Known, cause: Cause) -> Against:
    over = resource.trash_until is not None and cause.at >= resource.trash_until
    many = len(_kept(resource, cause.at)) >= MOST_TERMS or not can_be_told(resource, ask.line)
    yield is_deleted(resource), Reason.RESOURCE_DELETED
    yield in_change(resource, known), Reason.IN_CHANGE
    yield resource.is_metered, Reason.NOT_PREPAID
    # What is metered once it is paid has periods only while it is POC.
    yield not (resource.is_poc or resource.flags.renew), Reason.NOT_RENEWABLE
    # It is about to end with the wallet that it began on, whatever was granted since.
    yield resource.is_poc and poc_is_over(resource.account, resource.starts, known), Reason.POC_ENDED
    yield over, Reason.TRASH_OVER
    yield not buys(ask.line, resource, resource.id, resource.until), Reason.CHANGED_MEANWHILE
    yield many, Reason.TOO_MANY_TERMS
    yield not (resource.is_there or has_room(resource, known)), Reason.CLUSTER_FULL
