"""What time brings at `hold`: at the end of each day credit is held anew for what is metered, and POC wallets end."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from shared.contracts.hold import Poc
from shared.contracts.jobs import JobSlice
from shared.contracts.message import Event, Id, Instant, Message, Vnd

Days = Annotated[int, Field(ge=1)]

_ACCOUNT: Final = "The account, as the customer's contract names it."
_PRODUCT: Final = "The metered product."
_DAY_ENDED: Final = "The instant at which the day ended, 24:00 in Hanoi."
_SHORT: Final[dict[str, Any]] = {
    "account": "acme", "product": "vcontainer", "held": 30_000, "needed": 54_300, "to_add": 24_300, "days": 1,
    "effective_at": "2026-03-09T17:00:00Z",
}  # fmt: skip


class CloseDay(JobSlice, service="hold", key="shard"):
    """Holds credit anew at the end of a day: for what each metered product has cost by then, and for the days to come. Where
    there is less credit than that, the day is counted as one in debt."""

    example: ClassVar[dict[str, Any]] = {
        "period": "2026-03-09", "shard": 3, "after": "", "effective_at": "2026-03-09T17:00:00Z",
    }  # fmt: skip


class CheckPocWallets(JobSlice, service="hold", key="shard"):
    """Has whatever fell due up to a minute happen to POC wallets, each at its own instant: they end, or a warning is due."""

    example: ClassVar[dict[str, Any]] = {
        "period": "2026-04-30T17:00Z", "shard": 3, "after": "", "effective_at": "2026-04-30T17:00:00Z",
    }  # fmt: skip


class _Short(Event):
    account: Id = Field(description=_ACCOUNT)
    product: Id = Field(description=_PRODUCT)
    held: Vnd = Field(description="What is held for it.")
    needed: Vnd = Field(description="What would have to be held: its use so far, and the days to come.")
    to_add: Vnd = Field(description="What must be topped up: needed - held.")
    days: Days = Field(description="How many days in a row have ended so.")
    effective_at: Instant = Field(description=_DAY_ENDED)


class HoldShort(_Short, service="hold", key="account"):
    """A day ended with less credit than must be held for a product. Whatever is topped up is held for it first."""

    example: ClassVar[dict[str, Any]] = _SHORT


class DebtStopped(_Short, service="hold", key="account"):
    """A product was short of credit at the end of five days in a row: what the account has of it is stopped."""

    example: ClassVar[dict[str, Any]] = {**_SHORT, "days": 5, "effective_at": "2026-03-13T17:00:00Z"}


class PocWalletEnding(Event, service="hold", key="account"):
    """A POC wallet ends soon: said at 08:00, 7, 3 and 1 days before the day on which it ends."""

    account: Id = Field(description=_ACCOUNT)
    days: Days = Field(description="How many days it is to the day on which it ends.")
    poc: Poc = Field(description="The POC wallet as it stands.")
    effective_at: Instant = Field(description="When that was: 08:00 in Hanoi.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "days": 7,
        "poc": {"granted": 5_000_000, "balance": 4_100_000, "until": "2026-05-31T17:00:00Z", "enabled": True},
        "effective_at": "2026-05-25T01:00:00Z",
    }  # fmt: skip


class PocWalletEnded(Event, service="hold", key="account"):
    """A POC wallet has ended: what was left of it is gone, and POC stops for everything that is on it."""

    account: Id = Field(description=_ACCOUNT)
    expired: Vnd = Field(description="What was left of it.")
    poc: Poc = Field(description="The POC wallet afterwards.")
    effective_at: Instant = Field(description="The instant of its end, however late it is told.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "expired": 4_100_000,
        "poc": {"granted": 5_000_000, "balance": 0, "until": "2026-05-31T17:00:00Z", "enabled": False},
        "effective_at": "2026-05-31T17:00:00Z",
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    CloseDay, CheckPocWallets, HoldShort, DebtStopped, PocWalletEnding, PocWalletEnded,
)  # fmt: skip
