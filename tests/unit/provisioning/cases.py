"""What the tests of provisioning's rules start from: an instant, a request, and the short way to say them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from services.provisioning.reasons import Reason
from services.provisioning.rules import RULES
from services.provisioning.state import Request
from shared.contracts.provisioning import (
    CancelChange,
    ChangeCancelled,
    ChangeResource,
    ResourceChanged,
    ResourceChangeRefused,
)
from tests.support.spec import Spec

AT: Final = datetime(2026, 3, 6, 2, 0, 30, tzinfo=UTC)

given: Final = Spec("provisioning", RULES, AT).given

_ASKED: Final = {"request": "r-1", "resource": "srv-1", "account": "acme", "effective_at": AT}


def change(**changes: Any) -> ChangeResource:
    """srv-1 is to be converted; or what is named."""
    return ChangeResource.model_validate({**_ASKED, "action": "convert"} | changes)


def cancel(**changes: Any) -> CancelChange:
    """r-1 is taken back."""
    return CancelChange.model_validate(_ASKED | changes)


def done(ask: ChangeResource) -> ResourceChanged:
    """It was made."""
    return ResourceChanged.model_validate(dict(ask))


def refused(ask: ChangeResource, reason: Reason = Reason.PLANNED) -> ResourceChangeRefused:
    """It was not."""
    return ResourceChangeRefused(**dict(done(ask)), reason=reason.value, explanation=reason.sentence)


def cancelled(ask: CancelChange) -> ChangeCancelled:
    """It was taken back."""
    return ChangeCancelled.model_validate(dict(ask))


def request(ask: ChangeResource, **rest: Any) -> Request:
    """The request as it is remembered: asked once, where nothing else is said."""
    asked = {"action": ask.action, "flavor": ask.flavor, "quantity": ask.quantity, "asked": 1}
    return Request(ask.resource, ask.request, **asked | rest)
