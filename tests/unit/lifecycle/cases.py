"""What the tests of lifecycle's rules start from: instants, resources and clusters, what is asked, and the answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.lifecycle.reasons import Reason
from services.lifecycle.rules import REFUSED_WITH, RULES
from services.lifecycle.state import Asked, Change, Cluster, Members, Resource, of_cluster, of_resource
from shared.contracts.charges import GiveBack
from shared.contracts.message import Command, Event, Message
from shared.contracts.parts import Kind, Line, Metered, Part, Term
from shared.contracts.provisioning import CancelChange, ChangeResource, ResourceChanged, ResourceChangeRefused
from shared.contracts.resources import (
    ConvertCluster,
    ConvertResource,
    CreateResource,
    RecoverResource,
    RenewResource,
    ResizeResource,
)
from shared.engine.decision import Cause
from shared.money import prorated
from shared.period import minutes_between, months_after, to_minute
from tests.support.spec import Case, Spec, cause_id

AT: Final = datetime(2026, 3, 6, 2, 0, 30, tzinfo=UTC)
NOW: Final = to_minute(AT)  # as every period begins
DAY: Final = timedelta(days=1)
NEXT_MONTH: Final = months_after(AT, 1)
# A POC of 60 days, 30 of them over: half of what was paid is unused at AT.
POC_FROM: Final = NOW - 30 * DAY
POC_TO: Final = NOW + 30 * DAY
POC_PAID: Final = 362_000
POC_LEFT: Final = 181_000
ORDER: Final = "order-1"

given: Final = Spec("lifecycle", RULES, AT).given


def line(
    starts: datetime = NOW,
    until: datetime | None = None,
    *,
    resource: str = "srv-1",
    kind: Kind = "server",
    flavor: str = "s-general-1x1",
    vnd: int = 181_000,
    carried: int = 0,
) -> Line:
    """One piece for a month, as checkout prices it."""
    until = until or months_after(starts, 1)
    minutes = max(minutes_between(starts, until), 0)
    gross = prorated(vnd, 1, minutes)
    return Line(
        resource=resource, kind=kind, flavor=flavor, quantity=1, starts=starts, until=until, minutes=minutes,
        parts=[Part(flavor=flavor, vnd=vnd, amount=gross)], gross=gross, carried=carried, amount=gross - carried,
    )  # fmt: skip


def metered(
    resource: str = "node-1",
    *,
    kind: Kind = "k8s_node",
    flavor: str = "s-general-2x4",
    estimate: int = 36_200,
) -> Metered:
    """What is paid by its use."""
    per = "gb_hour" if kind in ("snapshot", "registry") else "30d"
    return Metered.model_validate(
        {"resource": resource, "kind": kind, "flavor": flavor, "quantity": 1, "vnd": 362_000, "per": per}
        | {"estimate": estimate}
    )


_POC: Final = Resource(
    id="srv-1", account="acme", cluster="k1", kind="server", flavor="s-general-1x1", quantity=1, billing="poc",
    status="active", starts=POC_FROM, until=POC_TO, terms=(Term(starts=POC_FROM, until=POC_TO, paid=POC_PAID),),
)  # fmt: skip


def poc(**different: Any) -> Resource:
    """A POC server of the cluster k1, half of its time over."""
    return replace(_POC, **different)


def paid(**different: Any) -> Resource:
    """The same, paid for the same time with real money."""
    return poc(**({"billing": "prepaid"} | different))


def node(number: int = 1, **different: Any) -> Resource:
    """A POC node of the cluster k1: metered, once it is paid."""
    return poc(**({"id": f"node-{number}", "kind": "k8s_node", "flavor": "s-general-2x4"} | different))


def held(**different: Any) -> Resource:
    """A node that is metered."""
    more: dict[str, Any] = {"billing": "hold", "terms": (), "until": None, "metered": metered()}
    return node(**(more | different))


def cluster(remaining: int = 1, resources: int = 1, *, poc: bool = True, version: int = 1) -> Cluster:
    """The cluster k1 of acme."""
    return Cluster("k1", "acme", poc, remaining, resources, version)


def members(*resources: Resource) -> Members:
    """These are all of k1."""
    return Members("k1", tuple(each.id for each in resources))


_BY: Final[dict[str, Any]] = {"account": "acme", "order": ORDER, "effective_at": AT}
CREATE: Final = CreateResource(
    **_BY, resource="srv-1", cluster="k1", kind="server", flavor="s-general-1x1", quantity=1, billing="prepaid",
    line=line(), auto_renew=True, months=2,
)  # fmt: skip
CONVERT: Final = ConvertResource(**_BY, resource="srv-1", line=line(), auto_renew=True, months=2)
WHOLE: Final = ConvertCluster(**_BY, cluster="k1", metered=[metered("node-1"), metered("node-2")])
RENEW: Final = RenewResource(**_BY, resource="srv-1", line=line(POC_TO))
RESIZE: Final = ResizeResource(
    **_BY, resource="srv-1", line=line(until=POC_TO, flavor="s-general-2x4", vnd=362_000, carried=POC_LEFT)
)
RECOVER: Final = RecoverResource(**_BY, resource="srv-1", line=line())


def but(ask: Message, **different: object) -> Any:
    """The same ask, but for what is named."""
    return type(ask).model_validate(dict(ask) | different)


def waiting(ask: Asked, *, asked: int = 1, due: timedelta = 2 * timedelta(minutes=1)) -> Change:
    """The change that waits for the provider, asked for by the first message of a test."""
    whole = isinstance(ask, ConvertCluster)
    request = Cause(cause_id(1), "lifecycle", AT).derive("change")
    target = of_cluster(ask.key) if whole else of_resource(ask.key)
    return Change(target, f"cluster-{request}" if whole else request, ask, AT + due, asked)


def asked_of_provider(ask: Asked, action: str, **more: object) -> ChangeResource:
    """What the provider is asked for it."""
    about = {"request": waiting(ask).request, "resource": ask.key, "account": "acme", "effective_at": AT}
    return ChangeResource.model_validate(about | {"action": action} | more)


def told_provider(resource: str, action: str, at: datetime = AT, asked: int = 1) -> ChangeResource:
    """What the provider is told without being waited for."""
    request = Cause(cause_id(asked), "lifecycle", at).derive(f"{action}/{resource}")
    about = {"request": request, "resource": resource, "account": "acme", "effective_at": at}
    return ChangeResource.model_validate(about | {"action": action})


def answer(ask: Asked, action: str) -> ResourceChanged:
    """The provider has done it."""
    about = {"request": waiting(ask).request, "resource": ask.key, "account": "acme", "effective_at": AT}
    return ResourceChanged.model_validate(about | {"action": action})


def no(ask: Asked, action: str, explanation: str = "No room.") -> ResourceChangeRefused:
    """The provider will not do it."""
    about = {"request": waiting(ask).request, "resource": ask.key, "account": "acme", "effective_at": AT}
    why = {"action": action, "reason": "planned", "explanation": explanation}
    return ResourceChangeRefused.model_validate(about | why)


def cancelled(ask: Asked) -> CancelChange:
    """The provider is told to leave it."""
    return CancelChange(
        request=waiting(ask).request, resource=ask.key, account=ask.account, effective_at=ask.effective_at
    )


def refusal(ask: Command, reason: Reason, at: datetime = AT, explanation: str | None = None) -> Event:
    """The refusal of that ask."""
    why = {"reason": reason.value, "explanation": explanation or reason.sentence, "effective_at": at}
    return REFUSED_WITH[type(ask)].model_validate(dict(ask) | why)


def back(amount: int = POC_LEFT, wallet: str = "poc", resource: str = "srv-1", at: datetime = AT) -> GiveBack:
    """So much of what was paid for it goes back."""
    about = {"account": "acme", "wallet": wallet, "amount": amount, "why": "unused", "resource": resource}
    return GiveBack.model_validate(about | {"effective_at": at})


def about(resource: Resource, **more: object) -> dict[str, Any]:
    """What every event about a resource tells."""
    return {
        "account": resource.account, "resource": resource.id, "cluster": resource.cluster, "kind": resource.kind,
        "product": resource.flags.product, "flavor": resource.flavor, "quantity": resource.quantity,
        "billing": resource.billing, "version": resource.version, "effective_at": AT,
    } | more  # fmt: skip


def is_refused(case: Case, ask: Command, reason: Reason) -> None:
    """It is refused for that reason, and nothing changes."""
    case.when(ask).then(refusal(ask, reason))
