"""What `lifecycle` tells when time passes: a period ends, a resource is stopped, and gone; its owner is reminded."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from shared.contracts.lifecycle import TIMED, OfResource
from shared.contracts.message import Event, Id, Instant, Message
from shared.contracts.resources import ACCOUNT, AT, AUTO_RENEW, INSTANT, PRODUCT, Count

SuspendedBy = Literal["end", "debt"]
# From 0 on the day it ends; below zero on days after it.
Days = Annotated[int, Field(ge=-36_500, le=36_500)]


class ResourceGraceBegan(OfResource, service="lifecycle", key="resource"):
    """The period that was paid for a resource is over: it runs on for a while, and waits to be renewed."""

    next_at: Instant = Field(description="When it is suspended, unless it is renewed.")

    example: ClassVar[dict[str, Any]] = {
        **TIMED, "next_at": "2026-04-20T02:00:00Z", "effective_at": "2026-04-05T02:00:00Z",
    }  # fmt: skip


class ResourceSuspended(OfResource, service="lifecycle", key="resource"):
    """A resource was stopped: its grace is over, or its use is not paid. Use of a metered one ends here."""

    by: SuspendedBy = Field(
        description="end: its grace is over, it waits to be renewed; debt: its use is not paid, it waits to be recovered."
    )
    next_at: Instant = Field(description="When it is released, unless it is renewed or recovered.")

    example: ClassVar[dict[str, Any]] = {
        **TIMED, "by": "end", "next_at": "2026-05-05T02:00:00Z", "effective_at": "2026-04-20T02:00:00Z",
    }  # fmt: skip


class ResourceReleased(OfResource, service="lifecycle", key="resource"):
    """A resource is gone for good: it was suspended, expired or in the trash for as long as it could be."""

    example: ClassVar[dict[str, Any]] = {**TIMED, "effective_at": "2026-05-05T02:00:00Z"}


class ExpiryReminder(OfResource, service="lifecycle", key="resource"):
    """The end of a resource is near, or past, and it was not renewed: said at 08:00 each day from 7 days before the day it
    ends to that day, then every 3 days."""

    until: Instant = Field(description="When the paid period ends, or has ended.")
    days: Days = Field(
        description="How many days it is to the day of its end; 0 on that day, below zero after it."
    )
    auto_renew: bool = Field(description=AUTO_RENEW)

    example: ClassVar[dict[str, Any]] = {
        **TIMED, "until": "2026-04-05T02:00:00Z", "days": 7, "auto_renew": False,
        "effective_at": "2026-03-29T01:00:00Z",
    }  # fmt: skip


class PocEnded(Event, service="lifecycle", key="account"):
    """The POC of what an account had on its POC wallet is over; ResourceDeleted tells of each. Said once for so many."""

    account: Id = Field(description=ACCOUNT)
    resources: Count = Field(description="How many of them this is about.")
    effective_at: Instant = Field(description="When the POC wallet ended.")

    example: ClassVar[dict[str, Any]] = {"account": "acme", "resources": 30, "effective_at": INSTANT}


class MeteredStopped(Event, service="lifecycle", key="account"):
    """Metered resources that are not paid for were stopped; ResourceSuspended tells of each. Said once for so many."""

    account: Id = Field(description=ACCOUNT)
    product: Id = Field(description=PRODUCT)
    resources: Count = Field(description="How many of them this is about.")
    effective_at: Instant = Field(description=AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "product": "vcontainer", "resources": 30, "effective_at": INSTANT,
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    ResourceGraceBegan, ResourceSuspended, ResourceReleased, ExpiryReminder, PocEnded, MeteredStopped,
)  # fmt: skip
