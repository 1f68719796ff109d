"""A seeded stream of commands for `hold`, and what must come of it: books kept here by a few lines of arithmetic that
share nothing with the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from shared import ids
from shared.contracts.hold import AccountMode, ExtendPoc, GrantPoc, OpenAccount, TopUp
from shared.contracts.message import Command

# No wallet ends while a test runs, so what is right does not depend on when it is decided.
_FAR: Final = datetime(2090, 1, 1, tzinfo=UTC)
_MODES: Final[tuple[AccountMode, ...]] = ("prepaid", "prepaid", "postpaid")


class Asked(NamedTuple):
    """A command on its way, under the id it is sent with. The same id may be sent again."""

    id: str
    command: Command


class Answer(NamedTuple):
    """The one answer a command must have: its type, why it is refused, and the wallet's money afterwards."""

    type: str
    reason: str | None = None
    money: int | None = None


@dataclass(slots=True)
class Books:
    """How one account must stand."""

    mode: AccountMode
    email: str
    credit: int = 0
    granted: int = 0
    until: datetime | None = None
    payments: list[str] = field(default_factory=list)


def answer(accounts: dict[str, Books], ask: Command) -> Answer:
    """The right answer to a command, where the accounts stand so; what it changes is changed in them."""
    if isinstance(ask, OpenAccount):
        if ask.account in accounts:
            return Answer("AccountRefused", "account_exists")
        accounts[ask.account] = Books(ask.mode, ask.email)
        return Answer("AccountOpened")
    if isinstance(ask, TopUp):
        return _paid(accounts.get(ask.account), ask)
    if isinstance(ask, GrantPoc):
        return _granted(accounts.get(ask.account), ask)
    assert isinstance(ask, ExtendPoc)
    return _extended(accounts.get(ask.account), ask)


def _paid(books: Books | None, ask: TopUp) -> Answer:
    if books is None:
        return Answer("TopUpRefused", "account_unknown")
    if ask.amount <= 0:
        return Answer("TopUpRefused", "amount_not_positive")
    if ask.reference in books.payments:
        return Answer("TopUpRefused", "reference_used")
    books.payments.append(ask.reference)
    books.credit += ask.amount
    return Answer("ToppedUp", money=books.credit)


def _granted(books: Books | None, ask: GrantPoc) -> Answer:
    if books is None:
        return Answer("PocGrantRefused", "account_unknown")
    if books.mode == "postpaid":
        return Answer("PocGrantRefused", "account_postpaid")
    if books.until is not None and ask.until < books.until:
        return Answer("PocGrantRefused", "until_before_current")
    books.granted, books.until = books.granted + ask.amount, ask.until
    return Answer("PocGranted", money=books.granted)


def _extended(books: Books | None, ask: ExtendPoc) -> Answer:
    if books is None:
        return Answer("PocExtensionRefused", "account_unknown")
    if books.mode == "postpaid":
        return Answer("PocExtensionRefused", "account_postpaid")
    if books.until is None:
        return Answer("PocExtensionRefused", "poc_not_granted")
    if ask.until <= books.until:
        return Answer("PocExtensionRefused", "until_not_later")
    books.until = ask.until
    return Answer("PocExtended", money=books.granted)


class Stream:
    """Commands about accounts of its own, in the order they are sent."""

    def __init__(self, seed: int, prefix: str, accounts: int = 40) -> None:
        self.prefix = prefix
        self.random = Random(f"{seed}/{prefix}")
        self.asked: list[Asked] = []
        self.answers: dict[str, Answer] = {}
        self.books: dict[str, Books] = {}
        self._names = [f"{prefix}-{number:03}" for number in range(accounts)]
        self._unopened = list(self._names)

    def mixed(self, count: int) -> list[Asked]:
        """So many commands of all kinds, some sent twice, some to be refused."""
        return [self._any() for _ in range(count)]

    def top_ups(self, count: int) -> list[Asked]:
        """All accounts opened, and so many good top-ups."""
        opened = [self.open(name) for name in list(self._unopened)]
        return opened + [self._top_up() for _ in range(count)]

    def open(self, account: str) -> Asked:
        if account in self._unopened:
            self._unopened.remove(account)
        mode = self.random.choice(_MODES)
        return self._ask(OpenAccount(account=account, mode=mode, email=f"{account}@owner.example"))

    def _any(self) -> Asked:
        if self._unopened and self.random.random() < 0.1:
            return self.open(self._unopened[0])
        kinds: dict[Callable[[], Asked], int] = {
            self._top_up: 66, self._again: 9, self._used_reference: 6, self._nothing: 3, self._unknown: 2,
            self._grant: 7, self._extend: 6, self._open_again: 1,
        }  # fmt: skip
        return self.random.choices(list(kinds), list(kinds.values()))[0]()

    def _top_up(self) -> Asked:
        return self._pay(self._account(), self.random.randint(1, 5_000_000), f"BANK-{len(self.asked)}")

    def _again(self) -> Asked:
        again = self.random.choice(self.asked or [self._top_up()])
        self.asked.append(again)
        return again

    def _used_reference(self) -> Asked:
        account = self._account()
        paid = self.books[account].payments if account in self.books else []
        return self._pay(account, 1, self.random.choice(paid) if paid else f"BANK-{len(self.asked)}")

    def _nothing(self) -> Asked:
        return self._pay(self._account(), self.random.choice((0, -7)), f"BANK-{len(self.asked)}")

    def _unknown(self) -> Asked:
        return self._pay(f"{self.prefix}-nobody-{self.random.randrange(5)}", 5, f"BANK-{len(self.asked)}")

    def _open_again(self) -> Asked:
        return self.open(self._account())

    def _pay(self, account: str, amount: int, reference: str) -> Asked:
        return self._ask(TopUp(account=account, amount=amount, reference=reference))

    def _grant(self) -> Asked:
        amount = self.random.randint(1, 9_000_000)
        return self._ask(GrantPoc(account=self._account(), amount=amount, until=self._instant()))

    def _extend(self) -> Asked:
        return self._ask(ExtendPoc(account=self._account(), until=self._instant()))

    def _account(self) -> str:
        return self.random.choice(self._names)

    def _instant(self) -> datetime:
        # Later and later on the whole, so that some are too early and most are not.
        return _FAR + timedelta(minutes=len(self.asked) + self.random.randrange(300))

    def _ask(self, command: Command) -> Asked:
        asked = Asked(ids.new_id(), command)
        self.asked.append(asked)
        self.answers[asked.id] = answer(self.books, command)
        return asked
