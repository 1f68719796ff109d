"""The messages of `hold`: accounts, the credit wallet and the POC wallet. What other services ask of it: `charges`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.message import Command, Event, Id, Instant, Message, State, Vnd

AccountMode = Literal["prepaid", "postpaid"]

# Three products are metered today; a snapshot of an account must stay a small message.
MOST_HOLDS: Final = 100

_ACCOUNT = "The account, as the customer's contract names it."
_AT = "When it took effect: fixed once, when the command was accepted."


class OpenAccount(Command, service="hold", key="account", public=True):
    """Opens an account with an empty credit wallet. Answered by AccountOpened or AccountRefused."""

    account: Id = Field(description=_ACCOUNT)
    mode: AccountMode = Field(description="prepaid pays before use; postpaid is invoiced by the month.")
    email: str = Field(description="Where the account's owner is written to: one plain address.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme",
        "mode": "prepaid",
        "email": "billing@acme.example",
    }


class TopUp(Command, service="hold", key="account", public=True):
    """Adds real money to the credit wallet. Answered by ToppedUp or TopUpRefused."""

    account: Id = Field(description=_ACCOUNT)
    amount: Vnd = Field(description="What was received, in VND; more than zero.")
    reference: str = Field(
        description="The payment's own reference (bank, gateway), 1 to 100 printable characters: counted once per account."
    )

    example: ClassVar[dict[str, Any]] = {
        "account": "acme",
        "amount": 1_000_000,
        "reference": "VCB-20260306-0001",
    }


class GrantPoc(Command, service="hold", key="account", public=True):
    """Grants money that pays POC resources only, until an instant. Answered by PocGranted or PocGrantRefused."""

    account: Id = Field(description=_ACCOUNT)
    amount: Vnd = Field(description="What is granted, in VND; more than zero.")
    until: Instant = Field(description="When the POC wallet ends, to the minute; not before its present end.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme",
        "amount": 5_000_000,
        "until": "2026-04-30T17:00:00Z",
    }


class ExtendPoc(Command, service="hold", key="account", public=True):
    """Moves the end of the POC wallet to a later instant. Answered by PocExtended or PocExtensionRefused."""

    account: Id = Field(description=_ACCOUNT)
    until: Instant = Field(description="The new end, to the minute; later than the present one.")

    example: ClassVar[dict[str, Any]] = {"account": "acme", "until": "2026-05-31T17:00:00Z"}


class Credit(BaseModel):
    """The credit wallet: real money."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    total: Vnd = Field(description="All there is.")
    held: Vnd = Field(description="The part held for metered products; it pays for nothing else.")
    available: Vnd = Field(
        description="total - held: what may be spent. 0 while anything is short of what must be held."
    )


class Poc(BaseModel):
    """The POC wallet: granted money that pays POC resources only."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    granted: Vnd = Field(description="All that was ever granted.")
    balance: Vnd = Field(description="What is left.")
    until: Instant = Field(description="When it ends.")
    enabled: bool = Field(default=True, description="Whether it can pay: until it has ended.")


class AccountOpened(Event, service="hold", key="account"):
    """An account was opened."""

    account: Id = Field(description=_ACCOUNT)
    mode: AccountMode = Field(description="prepaid or postpaid.")
    email: str = Field(description="Where the account's owner is written to.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "mode": "prepaid", "email": "billing@acme.example",
        "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class ToppedUp(Event, service="hold", key="account"):
    """Real money was added to the credit wallet."""

    account: Id = Field(description=_ACCOUNT)
    amount: Vnd = Field(description="What was added.")
    reference: str = Field(description="The payment's reference.")
    credit: Credit = Field(description="The credit wallet afterwards.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "amount": 1_000_000, "reference": "VCB-20260306-0001",
        "credit": {"total": 1_000_000, "held": 0, "available": 1_000_000},
        "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class PocGranted(Event, service="hold", key="account"):
    """The POC wallet was given money."""

    account: Id = Field(description=_ACCOUNT)
    amount: Vnd = Field(description="What was granted.")
    poc: Poc = Field(description="The POC wallet afterwards.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "amount": 5_000_000,
        "poc": {"granted": 5_000_000, "balance": 5_000_000, "until": "2026-04-30T17:00:00Z"},
        "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class PocExtended(Event, service="hold", key="account"):
    """The end of the POC wallet was moved to a later instant."""

    account: Id = Field(description=_ACCOUNT)
    before: Instant = Field(description="The end it had.")
    poc: Poc = Field(description="The POC wallet afterwards.")
    effective_at: Instant = Field(description=_AT)

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "before": "2026-04-30T17:00:00Z",
        "poc": {"granted": 5_000_000, "balance": 4_100_000, "until": "2026-05-31T17:00:00Z"},
        "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class _Refused(Event):
    account: Id = Field(description=_ACCOUNT)
    reason: str = Field(description="A stable code; the service's page lists them, first match first.")
    explanation: str = Field(description="The same as a sentence for a person.")
    effective_at: Instant = Field(description="When it was refused.")


class AccountRefused(_Refused, service="hold", key="account"):
    """OpenAccount was refused."""

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "reason": "account_exists", "explanation": "The account is open already.",
        "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class TopUpRefused(_Refused, service="hold", key="account"):
    """TopUp was refused; no money was counted."""

    amount: Vnd = Field(description="What was asked.")
    reference: str = Field(description="The payment's reference.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "amount": 0, "reference": "VCB-20260306-0002", "reason": "amount_not_positive",
        "explanation": "The amount must be more than 0 VND.", "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class PocGrantRefused(_Refused, service="hold", key="account"):
    """GrantPoc was refused; nothing was granted."""

    amount: Vnd = Field(description="What was asked.")
    until: Instant = Field(description="The end that was asked.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "amount": 5_000_000, "until": "2026-04-30T17:00:00Z", "reason": "account_postpaid",
        "explanation": "Only prepaid accounts have a POC wallet.", "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class PocExtensionRefused(_Refused, service="hold", key="account"):
    """ExtendPoc was refused; the end stays."""

    until: Instant = Field(description="The end that was asked.")

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "until": "2026-04-01T17:00:00Z", "reason": "until_not_later",
        "explanation": "The new end must be later than the present one.",
        "effective_at": "2026-03-06T02:00:00Z",
    }  # fmt: skip


class ProductHold(BaseModel):
    """The credit held for one metered product: for its use so far and for days to come."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    product: Id = Field(description="The metered product.")
    actual: Vnd = Field(description="Its use since the month began, or since it was last settled.")
    estimate: Vnd = Field(description="What the next days will cost, as it is configured now.")
    held: Vnd = Field(description="What is held for it: actual + estimate - debt.")
    debt: Vnd = Field(description="What should be held too, and is not there.")
    debt_days: Annotated[int, Field(ge=0)] = Field(
        default=0, description="How many days in a row have ended in debt; after the fifth it is stopped."
    )
    counted_until: Instant | None = Field(
        default=None, description="The instant up to which its use is counted here; nothing before any was."
    )


class Account(State, service="hold", key="account"):
    """How an account stands: its mode, both wallets, and what is held for which product."""

    account: Id = Field(description=_ACCOUNT)
    mode: AccountMode = Field(description="prepaid or postpaid.")
    email: str = Field(description="Where the account's owner is written to.")
    credit: Credit = Field(description="The credit wallet.")
    poc: Poc | None = Field(default=None, description="The POC wallet, once something was granted.")
    holds: Annotated[tuple[ProductHold, ...], Field(max_length=MOST_HOLDS)] = Field(
        default=(), description="What is held for each metered product, by product."
    )

    example: ClassVar[dict[str, Any]] = {
        "account": "acme", "mode": "prepaid", "email": "billing@acme.example",
        "credit": {"total": 1_000_000, "held": 54_300, "available": 945_700},
        "poc": {"granted": 5_000_000, "balance": 4_100_000, "until": "2026-05-31T17:00:00Z"},
        "holds": [{"product": "vcontainer", "actual": 0, "estimate": 54_300, "held": 54_300, "debt": 0}],
    }  # fmt: skip


MESSAGES: tuple[type[Message], ...] = (
    OpenAccount, TopUp, GrantPoc, ExtendPoc,
    AccountOpened, ToppedUp, PocGranted, PocExtended,
    AccountRefused, TopUpRefused, PocGrantRefused, PocExtensionRefused,
    Account,
)  # fmt: skip
