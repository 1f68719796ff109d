"""What the product teams' systems do, as far as billing sees it: every change is made once, unless planned otherwise.

A request is answered by what became of it when it was first asked: refused or done. Silence is a planned outcome too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.provisioning.reasons import Reason
from services.provisioning.state import Plan, Request, Resource, request_key
from shared.contracts import provisioning as says
from shared.contracts.message import Event, Message
from shared.contracts.provisioning import CancelChange, ChangeResource, PlanOutcome
from shared.engine.decision import Cause, Decision, Known, Rule, changed


def change_resource(ask: ChangeResource, known: Known, cause: Cause) -> Decision:
    """Made, or refused as planned. The same request asked again is no second change: it is answered alike."""
    resource = known.get(Resource, ask.resource) or Resource(ask.resource)
    request = known.get(Request, request_key(ask.resource, ask.request))
    if request is None:
        resource, request = _taken_up(ask, resource)
    request = request.asked_again()
    return changed(resource, request, says=_answers(ask, request))


def cancel_change(ask: CancelChange, known: Known, cause: Cause) -> Decision:
    """Taken back, whether it was carried out, is to come yet, or was taken back before."""
    resource = known.get(Resource, ask.resource) or Resource(ask.resource)
    key = request_key(ask.resource, ask.request)
    request = known.get(Request, key) or Request(ask.resource, ask.request)
    cancelled = says.ChangeCancelled.model_validate(dict(ask))
    return changed(resource, request.taken_back(), says=(cancelled,))


def plan_outcome(ask: PlanOutcome, known: Known, cause: Cause) -> Decision:
    """Planned from now on, instead of what was."""
    resource = known.get(Resource, ask.resource) or Resource(ask.resource)
    plan = Plan(ask.outcome, ask.times, ask.action)
    planned = says.OutcomePlanned.model_validate(dict(ask) | {"effective_at": cause.at})
    return changed(resource.planned(plan), says=(planned,))


RULES: Final[Mapping[type[Message], Rule]] = {
    ChangeResource: change_resource,
    CancelChange: cancel_change,
    PlanOutcome: plan_outcome,
}


def _taken_up(ask: ChangeResource, resource: Resource) -> tuple[Resource, Request]:
    plan = resource.plan
    if plan is None or not plan.covers(ask.action):
        return resource, _request(ask)
    return resource.planned(plan.used()), _request(ask, plan.outcome)


def _request(ask: ChangeResource, outcome: says.Outcome | None = None) -> Request:
    return Request(ask.resource, ask.request, ask.action, ask.flavor, ask.quantity, outcome)


def _answers(ask: ChangeResource, request: Request) -> tuple[Event, ...]:
    if request.cancelled:
        return (_refused(ask, Reason.CANCELLED),)
    if request.outcome == "refuse":
        return (_refused(ask, Reason.PLANNED),)
    return (says.ResourceChanged.model_validate(dict(ask)),) * request.answers


def _refused(ask: ChangeResource, reason: Reason) -> Event:
    why = {"reason": reason.value, "explanation": reason.sentence}
    return says.ResourceChangeRefused.model_validate(dict(ask) | why)
