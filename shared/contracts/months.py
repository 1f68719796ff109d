"""The month at `invoicing`: it is closed once it is over, share by share, and what was used in it is recorded."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from shared.contracts.invoicing import MOST_TOTALS, MOST_USES, Month, ProductTotal, UseLine
from shared.contracts.jobs import JobSlice
from shared.contracts.message import Command, Event, Id, Instant, Message, Vnd

Count = Annotated[int, Field(ge=0)]

_ACCOUNT: Final = "The account, as the customer's contract names it."
_MONTH: Final = "The month, like 2026-03: from the 1st 00:00 in Hanoi to the next."
_ENDED: Final = "The instant at which the month ended: the 1st 00:00 in Hanoi of the next."


class CloseMonth(Command, service="invoicing", key="month", public=True):
    """Records the use of a month that is over, of every account; what is recorded already stays as it is. The 1st of the
    next month asks the same by itself. Answered by MonthCloseStarted or MonthCloseRefused."""

    month: Month = Field(description=_MONTH)

    example: ClassVar[dict[str, Any]] = {"month": "2026-03"}


class RecordMonth(JobSlice, service="invoicing", key="shard"):
    """Records a month for some accounts of one share. The month is the period."""

    example: ClassVar[dict[str, Any]] = {
        "period": "2026-03", "shard": 3, "after": "acme", "effective_at": "2026-03-31T17:00:00Z",
    }  # fmt: skip


class MonthCloseStarted(Event, service="invoicing", key="month"):
    """A month is being closed: MonthRecorded tells what it was for each account, once it is."""

    month: Month = Field(description=_MONTH)
    shards: Count = Field(description="Into how many shares the accounts are divided.")
    effective_at: Instant = Field(description="When that was asked.")

    example: ClassVar[dict[str, Any]] = {
        "month": "2026-03", "shards": 12, "effective_at": "2026-04-01T02:00:00Z",
    }  # fmt: skip


class MonthCloseRefused(Event, service="invoicing", key="month"):
    """CloseMonth was refused; nothing was recorded."""

    month: Month = Field(description=_MONTH)
    reason: str = Field(description="A stable code; the service's page lists them, first match first.")
    explanation: str = Field(description="The same as a sentence for a person.")
    effective_at: Instant = Field(description="When it was refused.")

    example: ClassVar[dict[str, Any]] = {
        "month": "2026-03", "reason": "month_not_over", "explanation": "The month is not over yet.",
        "effective_at": "2026-03-31T16:59:00Z",
    }  # fmt: skip


class MonthRecorded(Event, service="invoicing", key="account"):
    """What an account used in a month: each interval of each resource, what it costs, and the invoice it is on. A long record
    is told in pages."""

    account: Id = Field(description=_ACCOUNT)
    month: Month = Field(description=_MONTH)
    page: Annotated[int, Field(ge=1)] = Field(description="1, 2, 3 ...")
    pages: Annotated[int, Field(ge=1)] = Field(description="How many pages there are.")
    lines: Annotated[list[UseLine], Field(max_length=MOST_USES)] = Field(
        description="The intervals on this page, by product, resource and time."
    )
    totals: Annotated[list[ProductTotal], Field(max_length=MOST_TOTALS)] = Field(
        description="How much for each product, on all pages."
    )
    amount: Vnd = Field(description="How much for all of them.")
    invoice: Id | None = Field(
        default=None, description="The month's invoice; nothing where nothing was left to be paid by it."
    )
    effective_at: Instant = Field(description=_ENDED)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "month": "2026-03", "page": 1, "pages": 1,
        "lines": [{
            "usage": "019cc0f0-7a00-7d52-a1b7-0c9e3f5d8b62", "product": "vcontainer", "resource": "node-1",
            "cluster": "kube-1", "kind": "k8s_node", "flavor": "s-general-2x4", "quantity": 1, "vnd": 362_000,
            "per": "30d", "starts": "2026-03-06T02:00:00Z", "until": "2026-03-21T02:00:00Z", "units": 21_600,
            "amount": 181_000, "invoice": "019d44d8-1a80-7c3d-9a52-2f6b8d1e4a70",
        }],
        "totals": [{"product": "vcontainer", "amount": 181_000}], "amount": 181_000,
        "invoice": "019d44d8-1a80-7c3d-9a52-2f6b8d1e4a70", "effective_at": "2026-03-31T17:00:00Z",
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    CloseMonth, RecordMonth, MonthCloseStarted, MonthCloseRefused, MonthRecorded,
)  # fmt: skip
