"""What the tests of time start from: slices as the store finds them, jobs of an instant, and what follows of each step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.lifecycle.state import Resource
from shared.contracts.message import Message
from shared.contracts.provisioning import Action, ChangeResource
from shared.contracts.resources import CheckEnds, CheckLife, CheckPocEnds
from shared.engine.decision import Cause, Slice
from tests.support.spec import cause_id
from tests.unit.lifecycle.cases import about, paid, poc

# 10:30 in Hanoi.
END: Final = datetime(2026, 4, 10, 3, 30, tzinfo=UTC)
BEGIN: Final = END - timedelta(days=60)
GRACE_OVER: Final = END + timedelta(days=15)
GONE: Final = END + timedelta(days=30)
# 08:00 in Hanoi on the day of the end.
T: Final = datetime(2026, 4, 10, 1, 0, tzinfo=UTC)
DAY: Final = timedelta(days=1)


def ends(**different: Any) -> Resource:
    """A server that was paid up to its end."""
    return paid(**({"starts": BEGIN, "until": END, "terms": ()} | different))


def poc_ends(**different: Any) -> Resource:
    """The same, on the POC wallet."""
    return poc(**({"starts": BEGIN, "until": END, "terms": ()} | different))


def found(*keys: str, by: int = 1, more: bool = False) -> Slice:
    """The slice of the by-th message of a test."""
    return Slice(cause_id(by), keys, more)


def life(at: datetime) -> CheckLife:
    """The minute's job."""
    return CheckLife(period="minute", shard=1, effective_at=at)


def look(at: datetime) -> CheckPocEnds:
    """The minute's job that sees to POC wallets that have ended."""
    return CheckPocEnds(period="minute", shard=1, effective_at=at)


def morning(at: datetime) -> CheckEnds:
    """The morning's job."""
    return CheckEnds(period="day", shard=1, effective_at=at)


def told(event: type[Message], resource: Resource, at: datetime, **more: object) -> Any:
    """An event about the resource, of that instant."""
    return event.model_validate(about(resource, effective_at=at) | more)


def provider(
    resource: Resource, action: Action, job_at: datetime, at: datetime, by: int = 1
) -> ChangeResource:
    """What the provider is told by the job of an instant, of a step that took effect before it."""
    request = Cause(cause_id(by), "lifecycle", job_at).derive(f"{action}/{resource.id}")
    about_it = {"request": request, "resource": resource.id, "account": resource.account}
    return ChangeResource.model_validate(about_it | {"action": action, "effective_at": at})
