"""What is true of the ledger and the wallets after any sequence of commands whatever."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.hold.reasons import REFUSALS
from services.hold.rules import REFUSED_WITH, RULES, snapshot
from services.hold.state import Account, Deposit, Entry, Transaction
from shared.contracts.hold import (
    Credit,
    ExtendPoc,
    GrantPoc,
    OpenAccount,
    Poc,
    PocExtended,
    PocGranted,
    ToppedUp,
    TopUp,
)
from shared.contracts.message import MOST_VND, Command, Message
from shared.engine.decision import Cause, Decision, Known
from tests.support.seeds import seeded, tell_seed
from tests.support.spec import cause_id
from tests.unit.hold.cases import AT

# Few accounts, payments and instants: so that the same ones meet again and again.
ACCOUNTS: Final = some.sampled_from(["a", "b", "c"])
AMOUNTS: Final = some.integers(-1, 9) | some.sampled_from([MOST_VND, MOST_VND - 5, -MOST_VND])
INSTANTS: Final = some.builds(lambda hours: AT + timedelta(hours=hours), some.integers(-5, 60))
COMMANDS: Final = some.one_of(
    some.builds(
        OpenAccount,
        account=ACCOUNTS,
        mode=some.sampled_from(["prepaid", "prepaid", "postpaid"]),
        email=some.sampled_from(["a@b.vn", "nobody"]),
    ),
    some.builds(
        TopUp, account=ACCOUNTS, amount=AMOUNTS, reference=some.sampled_from(["", "r1", "r2", "r3", "r4"])
    ),
    some.builds(GrantPoc, account=ACCOUNTS, amount=AMOUNTS, until=INSTANTS),
    some.builds(ExtendPoc, account=ACCOUNTS, until=INSTANTS),
)


@dataclass
class History:
    """Commands one after the other, an hour or less apart, and all that followed from them."""

    known: Known = field(default_factory=Known)
    asked: list[tuple[Command, Decision]] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)

    def ask(self, command: Command, at: datetime) -> None:
        cause = Cause(cause_id(len(self.asked)), "hold", at)
        decision = RULES[type(command)](command, self.known, cause)
        self.known.apply(decision)
        self.asked.append((command, decision))
        self.accounts |= {change.id: change for change in decision.changes if isinstance(change, Account)}
        self.transactions += [row for row in decision.adds if isinstance(row, Transaction)]

    @property
    def events(self) -> list[Message]:
        return [message for _, decision in self.asked for message in decision.says]

    def of(self, account: str) -> list[Transaction]:
        return [transaction for transaction in self.transactions if transaction.account == account]


def _happen(commands: Iterable[tuple[Command, int]]) -> History:
    history, at = History(), AT
    for command, minutes in commands:
        at += timedelta(minutes=minutes)
        history.ask(command, at)
    return history


# Two open accounts to begin with, else most sequences would be refusals of the unknown.
OPENED: Final[list[tuple[Command, int]]] = [
    (OpenAccount(account="a", mode="prepaid", email="a@b.vn"), 0),
    (OpenAccount(account="b", mode="prepaid", email="a@b.vn"), 0),
]
HISTORIES: Final = some.lists(some.tuples(COMMANDS, some.integers(0, 60 * 12)), max_size=40).map(
    lambda commands: _happen([*OPENED, *commands])
)


def balances(transactions: Iterable[Transaction]) -> Counter[str]:
    books: Counter[str] = Counter()
    for transaction in transactions:
        for entry in transaction.entries:
            books[entry.book] += entry.amount
    return books


@seeded
@given(HISTORIES)
def test_every_transaction_sums_to_zero_and_so_does_the_book(history: History) -> None:
    tell_seed()
    assert all(sum(entry.amount for entry in each.entries) == 0 for each in history.transactions)
    assert balances(history.transactions).total() == 0


@seeded
@given(HISTORIES)
def test_an_accounts_transactions_are_numbered_without_a_gap(history: History) -> None:
    tell_seed()
    for name, account in history.accounts.items():
        numbers = [transaction.sequence for transaction in history.of(name)]
        assert numbers == list(range(1, account.transactions + 1))


@seeded
@given(HISTORIES)
def test_each_balance_is_the_sum_of_its_entries(history: History) -> None:
    tell_seed()
    for name, account in history.accounts.items():
        books = balances(history.of(name))
        assert account.credit.total == books["credit"] == -books["bank"]
        assert (account.poc.left if account.poc else 0) == books["poc"]
        assert (account.poc.granted if account.poc else 0) == -books["poc_granted"]
        assert (account.poc.expired if account.poc else 0) == books["poc_expired"]


@seeded
@given(HISTORIES)
def test_the_balance_after_a_line_is_the_sum_of_the_lines_so_far(history: History) -> None:
    tell_seed()
    running: defaultdict[tuple[str, str], int] = defaultdict(int)
    for transaction in history.transactions:
        for entry in transaction.entries:
            running[transaction.account, entry.book] += entry.amount
            own = entry.book in ("credit", "poc")
            assert entry.balance_after == (running[transaction.account, entry.book] if own else None)
            assert own == (entry is transaction.entries[0])


@seeded
@given(HISTORIES)
def test_the_wallets_stay_within_their_bounds(history: History) -> None:
    tell_seed()
    for account in history.accounts.values():
        assert 0 <= account.credit.total <= MOST_VND
        assert account.credit.available == account.credit.total - account.credit.held
        if (poc := account.poc) is not None:
            assert account.mode == "prepaid"
            assert poc.until.second == poc.until.microsecond == 0
            assert 0 <= poc.left <= poc.granted <= MOST_VND
            assert poc.granted == poc.spent - poc.refunded + poc.expired + poc.left


@seeded
@given(HISTORIES)
def test_every_command_is_answered_once_and_a_refused_one_changes_nothing(history: History) -> None:
    tell_seed()
    for command, decision in history.asked:
        (event,) = decision.says
        assert event.key == command.key
        if isinstance(event, REFUSED_WITH[type(command)]):
            assert decision == Decision(says=(event,))
            assert getattr(event, "reason") in REFUSALS[type(command)]  # noqa: B009 - each refusal has one, no base class is public
        else:
            assert decision.changes


@seeded
@given(HISTORIES)
def test_each_payment_is_counted_once(history: History) -> None:
    tell_seed()
    counted = [(each.account, each.reference) for each in history.transactions if each.kind == "deposit"]
    assert len(counted) == len(set(counted))
    assert all(history.known.get(Deposit, f"{name}/{reference}") for name, reference in counted)
    paid: Counter[str] = Counter()
    for event in history.events:
        if isinstance(event, ToppedUp):
            paid[event.account] += event.amount
    assert paid == Counter(
        {name: each.credit.total for name, each in history.accounts.items() if each.credit.total}
    )


@seeded
@given(HISTORIES)
def test_the_last_event_tells_the_wallet_as_it_is(history: History) -> None:
    tell_seed()
    last: dict[tuple[str, type], Credit | Poc] = {}
    for event in history.events:
        match event:
            case ToppedUp():
                last[event.account, Credit] = event.credit
            case PocGranted() | PocExtended():
                last[event.account, Poc] = event.poc
    for name, account in history.accounts.items():
        told = snapshot(account)
        assert told.credit == last.get((name, Credit), Credit(total=0, held=0, available=0))
        assert told.poc == last.get((name, Poc))


def test_a_transaction_out_of_balance_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="transaction 7 of acme is out of balance by 1 VND"):
        Transaction("acme", 7, "deposit", cause_id(1), AT, (Entry("credit", 5, 5), Entry("bank", -4)))
