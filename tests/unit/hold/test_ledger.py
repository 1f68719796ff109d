"""What is true of the ledger and the wallets after any sequence of commands whatever."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.hold.held import OrderHold, ProductHold
from services.hold.reasons import REFUSALS
from services.hold.rules import REFUSED_WITH, RULES, snapshot
from services.hold.state import (
    Account,
    Charge,
    Deposit,
    Entry,
    PocWallet,
    Transaction,
    TransactionKind,
)
from shared.contracts.charges import (
    Charged,
    GiveBack,
    HoldPlaced,
    HoldReleased,
    PaidFrom,
    PayFrom,
    PlaceCharge,
    PlaceHold,
    ReleaseHold,
    Settle,
    Settled,
    Wallet,
    Why,
)
from shared.contracts.hold import (
    ExtendPoc,
    GrantPoc,
    OpenAccount,
    PocExtended,
    PocGranted,
    ToppedUp,
    TopUp,
)
from shared.contracts.holding import DebtStopped, HoldShort, PocWalletEnded, PocWalletEnding
from shared.contracts.message import MOST_VND, Command, Message
from shared.engine.decision import Cause, Decision, Entity, Known
from tests.support.seeds import seeded, tell_seed
from tests.support.spec import cause_id
from tests.unit.hold.cases import AT

E = TypeVar("E", bound=Entity)

# Few accounts, payments and instants: so that the same ones meet again and again.
ACCOUNTS: Final = some.sampled_from(["a", "a", "a", "b", "c"])
AMOUNTS: Final = some.integers(-1, 9) | some.sampled_from([MOST_VND, MOST_VND - 5, -MOST_VND])
INSTANTS: Final = some.builds(lambda hours: AT + timedelta(hours=hours), some.integers(-5, 60))
ORDERS: Final = some.sampled_from(["o1", "o2", "o3"])
WALLETS: Final[some.SearchStrategy[Wallet]] = some.sampled_from(["credit", "poc"])
PRODUCTS: Final = some.sampled_from(["vcontainer", "snapshot"])
COSTS: Final = some.sampled_from([1, 1, 2, 2, 5, 0, -1, MOST_VND])
OF_ORDER: Final[dict[str, some.SearchStrategy[Any]]] = {
    "account": ACCOUNTS,
    "order": ORDERS,
    "amount": COSTS,
    "effective_at": some.just(AT),
}
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
    some.builds(PlaceCharge, wallet=WALLETS, **OF_ORDER),
    some.builds(PlaceHold, product=PRODUCTS, **OF_ORDER),
    some.builds(ReleaseHold, product=PRODUCTS, **OF_ORDER),
    some.builds(
        Settle,
        account=ACCOUNTS,
        invoice=ORDERS,
        product=PRODUCTS,
        amount=COSTS,
        until=some.just(AT),
        effective_at=some.just(AT),
    ),
    some.builds(
        PayFrom, account=ACCOUNTS, invoice=ORDERS, payment=ORDERS, amount=COSTS, effective_at=some.just(AT)
    ),
    some.builds(
        GiveBack,
        wallet=WALLETS,
        why=some.sampled_from(get_args(Why)),
        **OF_ORDER | {"order": some.none() | ORDERS},
    ),
)


@dataclass
class History:
    """Commands one after the other, an hour or less apart, and all that followed from them."""

    known: Known = field(default_factory=Known)
    asked: list[tuple[Command, Decision]] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    entities: dict[tuple[type, str], Entity] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)

    def ask(self, command: Command, at: datetime) -> None:
        cause = Cause(cause_id(len(self.asked)), "hold", at)
        decision = RULES[type(command)](command, self.known, cause)
        self.known.apply(decision)
        self.asked.append((command, decision))
        self.entities |= {(type(change), change.key): change for change in decision.changes}
        self.accounts |= {change.id: change for change in decision.changes if isinstance(change, Account)}
        self.transactions += [row for row in decision.adds if isinstance(row, Transaction)]

    @property
    def events(self) -> list[Message]:
        return [message for _, decision in self.asked for message in decision.says]

    def of(self, account: str) -> list[Transaction]:
        return [transaction for transaction in self.transactions if transaction.account == account]

    def every(self, kind: type[E], account: str) -> list[E]:
        """All of that kind which belong to the account, as they are at the end."""
        found = [entity for (of, _), entity in self.entities.items() if of is kind]
        return [entity for entity in found if getattr(entity, "account") == account]  # type: ignore[misc]  # noqa: B009 - each of them has one, no base class says so

    def moved(self, account: str, kind: TransactionKind) -> int:
        """How much the account's own books were moved by transactions of that kind."""
        return sum(each.entries[0].amount for each in self.of(account) if each.kind == kind)


def _happen(commands: Iterable[tuple[Command, int]]) -> History:
    history, at = History(), AT
    for command, minutes in commands:
        at += timedelta(minutes=minutes)
        history.ask(command, at)
    return history


# Two open accounts to begin with, one of them with money, else most sequences would be refusals.
OPENED: Final[list[tuple[Command, int]]] = [
    (OpenAccount(account="a", mode="prepaid", email="a@b.vn"), 0),
    (OpenAccount(account="b", mode="prepaid", email="a@b.vn"), 0),
    (TopUp(account="a", amount=12, reference="r0"), 0),
    (GrantPoc(account="a", amount=9, until=AT + timedelta(hours=40)), 0),
]
HISTORIES: Final = some.lists(some.tuples(COMMANDS, some.integers(0, 60 * 12)), min_size=15, max_size=40).map(
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
        poc = account.poc or PocWallet(AT)
        assert account.credit.total == books["credit"] == -books["bank"] - books["sales"]
        assert (poc.left, poc.granted) == (books["poc"], -books["poc_granted"])
        assert (poc.expired, poc.spent - poc.refunded) == (books["poc_expired"], books["poc_used"])
        assert (poc.spent, poc.refunded) == (
            -history.moved(name, "poc_charge"),
            history.moved(name, "poc_refund"),
        )


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
        assert 0 <= account.credit.available == account.credit.total - account.credit.held
        if (poc := account.poc) is not None:
            assert account.mode == "prepaid"
            assert poc.until.second == poc.until.microsecond == 0
            assert 0 <= poc.left <= poc.granted <= MOST_VND
            assert 0 <= poc.refunded <= poc.spent
            assert poc.granted == poc.spent - poc.refunded + poc.expired + poc.left


@seeded
@given(HISTORIES)
def test_every_command_is_answered_once_and_a_refused_one_changes_nothing(history: History) -> None:
    tell_seed()
    for command, decision in history.asked:
        *passed, event = decision.says
        assert event.key == command.key
        assert all(
            isinstance(each, PocWalletEnded | PocWalletEnding | HoldShort | DebtStopped) for each in passed
        )
        if isinstance(event, REFUSED_WITH[type(command)]):
            assert decision == Decision(says=(event,))
            assert getattr(event, "reason") in REFUSALS[type(command)]  # noqa: B009 - each refusal has one, no base class is public
        else:
            # Asked again, what was charged, held, settled or paid is only answered.
            assert decision.changes or isinstance(event, Charged | HoldPlaced | Settled | PaidFrom)


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
        {name: total for name in history.accounts if (total := history.moved(name, "deposit"))}
    )


@seeded
@given(HISTORIES)
def test_an_order_is_charged_once_and_gives_back_no_more_than_it_was_charged(history: History) -> None:
    tell_seed()
    for name in history.accounts:
        charges = history.every(Charge, name)
        assert all(0 <= charge.given_back <= charge.amount for charge in charges)
        for kind, wallet in (("charge", "credit"), ("poc_charge", "poc")):
            booked = [
                (each.reference, -each.entries[0].amount) for each in history.of(name) if each.kind == kind
            ]
            charged = [(one.order, one.amount) for one in charges if one.wallet == wallet and one.amount]
            assert sorted(charged) == sorted(booked)
        given_back = sum(charge.given_back for charge in charges)
        assert given_back <= history.moved(name, "refund") + history.moved(name, "poc_refund")


@seeded
@given(HISTORIES)
def test_whoever_asks_again_hears_the_same(history: History) -> None:
    tell_seed()
    heard: dict[tuple[type, str, str], Message] = {}
    for event in history.events:
        if isinstance(event, Charged | HoldPlaced):
            product = event.product if isinstance(event, HoldPlaced) else ""
            key = (type(event), f"{event.account}/{event.order}", product)
            assert heard.setdefault(key, event) == event


@seeded
@given(HISTORIES)
def test_what_is_held_is_the_sum_of_the_holds_and_follows_from_what_was_asked(history: History) -> None:
    tell_seed()
    for name, account in history.accounts.items():
        assert account.credit.held == sum(hold.held for hold in account.holds)
        assert list(account.holds) == sorted(history.every(ProductHold, name), key=lambda one: one.product)
        for order_hold in history.every(OrderHold, name):
            assert 0 <= order_hold.released <= order_hold.amount
        for hold in account.holds:
            assert min(hold.actual, hold.estimate, hold.held, hold.debt) >= 0
            assert hold.held + hold.debt == hold.actual + hold.estimate
            placed = [one.amount for one in history.every(OrderHold, name) if one.product == hold.product]
            released = [
                event.amount
                for event in history.events
                if isinstance(event, HoldReleased) and (event.account, event.product) == (name, hold.product)
            ]
            assert hold.estimate == sum(placed) - sum(released)


@seeded
@given(HISTORIES)
def test_an_event_tells_the_wallet_as_it_is_afterwards(history: History) -> None:
    tell_seed()
    for command, decision in history.asked:
        match decision.says[-1]:
            case ToppedUp() as event:
                assert event.credit == snapshot(_account(decision, command)).credit
            case PocGranted() | PocExtended() as event:
                assert event.poc == snapshot(_account(decision, command)).poc


def _account(decision: Decision, command: Command) -> Account:
    (account,) = (each for each in decision.changes if isinstance(each, Account) and each.key == command.key)
    return account


def test_a_transaction_out_of_balance_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="transaction 7 of acme is out of balance by 1 VND"):
        Transaction("acme", 7, "deposit", cause_id(1), AT, (Entry("credit", 5, 5), Entry("bank", -4)))
