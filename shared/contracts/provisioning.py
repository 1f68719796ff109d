"""The messages of `provisioning`: what the product teams' systems are asked to do, and how they answer.

Here a stand-in answers. What would change with the real systems is who reads these commands, not what they say.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from shared.contracts.message import Command, Event, Id, Instant, Message
from shared.contracts.parts import Flavor, Quantity

Action = Literal["create", "convert", "renew", "resize", "recover", "expire", "delete", "suspend", "release"]
Outcome = Literal["refuse", "late", "twice", "never"]

MOST_TIMES: Final = 1000

Times = Annotated[int, Field(ge=1, le=MOST_TIMES)]

_REQUEST: Final = "The request: the same one asked again is the same change, and is made once."
_RESOURCE: Final = "The resource, or the cluster where all of it changes at once."
_AT: Final = "The instant of the act: fixed once, when it was accepted."
_OUTCOME: Final = "refuse: says no; late: answers only when asked again; twice: answers with two events; never: stays silent."


class _Asked(Message):
    request: Id = Field(description=_REQUEST)
    resource: Id = Field(description=_RESOURCE)
    account: Id = Field(description="The account it is done for.")
    effective_at: Instant = Field(description=_AT)


class _Planned(Message):
    resource: Id = Field(description=_RESOURCE)
    outcome: Outcome = Field(description=_OUTCOME)
    times: Times = Field(description="For how many of its next changes.")
    action: Action | None = Field(
        default=None, description="Changes of this kind only; left out, changes of any kind."
    )


class ChangeResource(_Asked, Command, service="provisioning", key="resource"):
    """Has a resource changed by the system that runs it. Answered by ResourceChanged or ResourceChangeRefused."""

    action: Action = Field(description="What is to be done with it.")
    flavor: Flavor | None = Field(default=None, description="What it is to be, where that changes.")
    quantity: Quantity | None = Field(default=None, description="How many of it, where that changes.")

    example: ClassVar[dict[str, Any]] = {
        "request": "0195668e-26c0-7d40-9f5e-3b1c5a1d7e12", "resource": "srv-1", "account": "acme",
        "action": "resize", "flavor": "s-general-2x4+boot-20", "quantity": 1, "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class CancelChange(_Asked, Command, service="provisioning", key="resource"):
    """Takes a request back: it is not to be carried out, or to be undone. Answered by ChangeCancelled."""

    example: ClassVar[dict[str, Any]] = {
        "request": "0195668e-26c0-7d40-9f5e-3b1c5a1d7e12", "resource": "srv-1", "account": "acme",
        "effective_at": "2026-03-06T02:30:00Z",
    }  # fmt: skip


class PlanOutcome(_Planned, Command, service="provisioning", key="resource"):
    """Plans how a resource's next changes go, to see what then happens; it replaces what was planned before. For tests
    and rehearsals. Answered by OutcomePlanned."""

    example: ClassVar[dict[str, Any]] = {
        "resource": "srv-9", "outcome": "refuse", "times": 1, "action": "convert",
    }  # fmt: skip


class ResourceChanged(_Asked, Event, service="provisioning", key="resource"):
    """A resource was changed as asked."""

    action: Action = Field(description="What was done with it.")

    example: ClassVar[dict[str, Any]] = {
        "request": "0195668e-26c0-7d40-9f5e-3b1c5a1d7e12", "resource": "srv-1", "account": "acme",
        "action": "resize", "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class ResourceChangeRefused(_Asked, Event, service="provisioning", key="resource"):
    """ChangeResource was refused; the resource is as before."""

    action: Action = Field(description="What was asked.")
    reason: str = Field(description="A stable code; the service's page lists them, first match first.")
    explanation: str = Field(description="The same as a sentence for a person.")

    example: ClassVar[dict[str, Any]] = {
        **ResourceChanged.example, "reason": "planned", "explanation": "The provider was told to refuse this.",
    }  # fmt: skip


class ChangeCancelled(_Asked, Event, service="provisioning", key="resource"):
    """A request was taken back: if it was carried out, it is undone; if not, it never will be."""

    example: ClassVar[dict[str, Any]] = dict(CancelChange.example)


class OutcomePlanned(_Planned, Event, service="provisioning", key="resource"):
    """How a resource's next changes go was planned."""

    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {**PlanOutcome.example, "effective_at": "2026-03-06T02:00:00Z"}


MESSAGES: tuple[type[Message], ...] = (
    ChangeResource, CancelChange, PlanOutcome,
    ResourceChanged, ResourceChangeRefused, ChangeCancelled, OutcomePlanned,
)  # fmt: skip
