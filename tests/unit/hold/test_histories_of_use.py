"""Whatever is used, bought, paid and settled, and however days end: no wallet is ever wrong, and all use is held for once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from services.hold.held import MOST_DEBT_DAYS, Meters
from services.hold.rules import RULES
from services.hold.state import Account, Transaction
from shared.calendar import DAYS, MONTHS
from shared.contracts.charges import GiveBack, PayFrom, PlaceCharge, PlaceHold, ReleaseHold, Settle, Settled
from shared.contracts.hold import OpenAccount, TopUp
from shared.contracts.holding import CloseDay, DebtStopped, HoldShort
from shared.contracts.message import Message
from shared.engine.decision import Cause, Known, Slice
from shared.metering import Rate, amount, chained, estimate, month_start, rate_of
from shared.period import billing_month
from tests.support.calendars import odd_instant
from tests.support.seeds import seeded_random
from tests.support.spec import cause_id
from tests.unit.hold.metered import DAY, created, deleted, node, reported, resized, snapshot, suspended

HISTORIES: Final = int(os.environ.get("STOPPOC_HOLD_HISTORIES") or 60)
STEPS: Final = 60
HELD_DAYS: Final = 3


@dataclass
class Resource:
    """A resource as its owner knows it: every configuration it had, and what of it is settled: all until an instant, and
    the month in which it ended."""

    product: str
    changes: list[tuple[datetime, Rate | None]] = field(default_factory=list)
    until: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    month: str | None = None

    @property
    def rate(self) -> Rate | None:
        return self.changes[-1][1] if self.changes else None

    def used(self, until: datetime) -> int:
        """What it has cost by then that is not settled; months are settled whole."""
        return sum(
            amount(rate, piece.starts, piece.until)
            for piece, rate in chained(self.changes, until)
            if piece.until > self.until and piece.month != self.month
        )


@dataclass
class Resize:
    """A size that is ordered, and not had yet."""

    order: str
    name: str
    quantity: int
    rate: Rate | None


@dataclass
class World:
    """One account and its days."""

    random: Random
    at: datetime
    known: Known = field(default_factory=Known)
    asked: int = 0
    resources: dict[str, Resource] = field(default_factory=dict)
    reserved: dict[tuple[str, str], int] = field(default_factory=dict)
    ledger: int = 0
    short_days: dict[str, int] = field(default_factory=dict)
    resizes: list[Resize] = field(default_factory=list)
    orders: int = 0
    grown: int = 0
    ended_month: datetime | None = None
    months: int = 0

    def ask(self, message: Message) -> list[Message]:
        self.asked += 1
        cause = Cause(cause_id(self.asked), "hold", self.at)
        if isinstance(message, CloseDay):
            self.known.put(Slice(cause.id, ("acme",)))
        decision = RULES[type(message)](message, self.known, cause)
        self.known.apply(decision)
        for row in decision.adds:
            assert isinstance(row, Transaction)
            self.ledger += sum(entry.amount for entry in row.entries if entry.book == "credit")
        self.check(message)
        return list(decision.says)

    @property
    def account(self) -> Account:
        account = self.known.get(Account, "acme")
        assert account
        return account

    def check(self, message: Message) -> None:
        account, credit = self.account, self.account.credit
        assert credit.total == self.ledger >= 0, message
        assert credit.held == sum(hold.held for hold in account.holds) <= credit.total, message
        assert account.debt == 0 or credit.available == 0, message
        for hold in account.holds:
            assert min(hold.actual, hold.estimate, hold.held, hold.debt, hold.reserved) >= 0, message
            assert hold.held + hold.debt == hold.actual + hold.estimate, message
            assert hold.debt_days < MOST_DEBT_DAYS, message
            assert hold.debt or not hold.debt_days, message
            if not hold.debt:
                self.short_days[hold.product] = 0
            self.check_need(hold.product, message)

    def check_need(self, product: str, message: Message) -> None:
        hold = self.account.hold_for(product)
        assert hold
        own = [resource for resource in self.resources.values() if resource.product == product]
        reserved = sum(left for (_, of), left in self.reserved.items() if of == product)
        running = sum(estimate(each.rate, HELD_DAYS) for each in own if each.rate is not None)
        assert (hold.reserved, hold.estimate) == (reserved, reserved + running), message
        used = 0 if hold.counted_until is None else sum(each.used(hold.counted_until) for each in own)
        assert hold.actual == used, (message, hold.counted_until)

    def step(self) -> None:
        """A while later something happens; days that end in between are closed."""
        until = self.at + timedelta(minutes=self.random.choice([0, 1, 59, 60, 600, 1_440, 3_000]))
        while (night := DAYS.next(self.at).instant) <= until:
            self.at = night
            self._close_day()
            if night == MONTHS.last(night).instant:
                self.ended_month = night
            # As late as the next day: some of what went on in the new month is heard of, and settled, before.
            if self.random.random() < 0.5:
                self._settle_month()
        self.at = until
        self.random.choice(
            [
                self._create,
                self._create,
                self._resize,
                self._order_resize,
                self._have_resized,
                self._report,
                self._end,
                self._top_up,
                self._spend,
                self._order,
            ]
        )()

    def _close_day(self) -> None:
        says = self.ask(CloseDay(period="p", shard=0, effective_at=self.at))
        again = self.ask(CloseDay(period="p", shard=0, effective_at=self.at))
        assert again == []
        told = {event.product: event for event in says if isinstance(event, HoldShort)}
        stopped = {event.product for event in says if isinstance(event, DebtStopped)}
        for hold in self.account.holds:
            short = hold.debt > 0 and hold.estimate > 0
            assert (hold.product in told) == short
            days = self.short_days[hold.product] = self.short_days.get(hold.product, 0) + 1 if short else 0
            assert (hold.product in stopped) == (days == MOST_DEBT_DAYS)
            if days == MOST_DEBT_DAYS:
                self.short_days[hold.product] = 0
        for product in stopped:
            self._stop(product)

    def _stop(self, product: str) -> None:
        for name, resource in self.resources.items():
            if resource.product == product and resource.rate is not None:
                self._told(name, None, suspended(self._metered(name, resource.rate.quantity), self.at))

    def _metered(self, name: str, quantity: int) -> Any:
        return (node if self.resources[name].product == "vcontainer" else snapshot)(quantity, name)

    def _told(self, name: str, rate: Rate | None, message: Message, since: datetime | None = None) -> None:
        resource = self.resources[name]
        at = max(since or self.at, resource.until, resource.changes[-1][0] if resource.changes else self.at)
        resource.changes.append((at.replace(second=0, microsecond=0), rate))
        self.ask(message)

    def _create(self) -> None:
        product = self.random.choice(["vcontainer", "snapshot"])
        name = f"r-{len(self.resources)}"
        self.resources[name] = Resource(product)
        metered = self._metered(name, self.random.randint(1, 30))
        orders = {order for order, of in self.reserved if of == product and order.startswith("o-")}
        order = self.random.choice([None, *sorted(orders)])
        if order is not None:
            left = self.reserved[order, product]
            self.reserved[order, product] = left - min(left, metered.estimate)
        self._told(name, rate_of(metered), created(metered, self.at, order=order))

    def _some(self, product: str | None = None) -> str | None:
        names = [
            name
            for name, each in self.resources.items()
            if each.rate is not None and product in (None, each.product)
        ]
        return self.random.choice(names) if names else None

    def _resize(self) -> None:
        if (name := self._some("vcontainer")) is not None:
            metered = self._metered(name, self.random.randint(1, 30))
            self._told(name, rate_of(metered), resized(metered, self.at))

    def _order_resize(self) -> None:
        """What it costs more in the next days is put in reserve; where it costs no more, nothing has to be there."""
        if (name := self._some("vcontainer")) is None:
            return
        before = self.resources[name].rate
        assert before is not None
        metered = self._metered(name, self.random.randint(1, 2 * before.quantity))
        self.orders += 1
        order, more = f"z-{self.orders}", max(0, metered.estimate - estimate(before, HELD_DAYS))
        missing = more - self.account.credit.available + self.account.debt
        if more and missing > 0:
            # Now and then just that is added.
            if self.random.random() < 0.5:
                return
            self.ask(TopUp(account="acme", amount=missing, reference=order))
        if more:
            self.reserved[order, "vcontainer"] = more
            self.ask(
                PlaceHold(
                    account="acme", order=order, product="vcontainer", amount=more, effective_at=self.at
                )
            )
        self.resizes.append(Resize(order, name, metered.quantity, before))
        # Often at once, as things are.
        if self.random.random() < 0.5:
            self._have_resized()

    def _have_resized(self) -> None:
        """Had, all of the reserve is held for the resource itself; not had, all of it is let go."""
        if not self.resizes:
            return
        resize, key = self.resizes.pop(), "vcontainer"
        resource, reserve = self.resources[resize.name], self.reserved.pop((resize.order, key), 0)
        if resource.rate is not None and self.random.random() < 0.7:
            metered = self._metered(resize.name, resize.quantity)
            before = self.account.hold_for(key)
            self._told(resize.name, rate_of(metered), resized(metered, self.at, order=resize.order))
            after = self.account.hold_for(key)
            assert before
            assert after
            if reserve and resource.changes[-2][1] == resize.rate:
                assert after.estimate == before.estimate
                self.grown += 1
        elif reserve:
            self.ask(
                ReleaseHold(
                    account="acme", order=resize.order, product=key, amount=reserve, effective_at=self.at
                )
            )

    def _report(self) -> None:
        if (name := self._some("snapshot")) is not None:
            metered = self._metered(name, self.random.randint(1, 30))
            since = self.at - timedelta(minutes=self.random.choice([0, 5, 90]))
            if metered.quantity != self.resources[name].rate.quantity:  # type: ignore[union-attr]  # it runs
                self._told(name, rate_of(metered), reported(metered, since, self.at), since)

    def _end(self) -> None:
        if (name := self._some()) is not None:
            resource = self.resources[name]
            assert resource.rate is not None
            self._told(name, None, deleted(self._metered(name, resource.rate.quantity), self.at))
            month = billing_month(self.at)
            if self.random.random() < 0.7:
                of_month = resource.used(self.at) - resource.used(month_start(month))
                resource.month = month
                self._settle(resource.product, of_month, self.at, name)

    def _settle(self, product: str, cost: int, until: datetime, resource: str | None = None) -> None:
        ask = Settle(
            account="acme",
            invoice=f"i-{self.asked}",
            product=product,
            resource=resource,
            amount=cost,
            until=until,
            effective_at=self.at,
        )
        total, (answer,) = self.account.credit.total, self.ask(ask)
        assert isinstance(answer, Settled)
        assert answer.paid == total - self.account.credit.total <= cost
        assert self.ask(ask) == [answer]

    def _settle_month(self) -> None:
        """Mostly what it has cost; now and then nothing is to be paid."""
        if (until := self.ended_month) is None:
            return
        self.ended_month = None
        self.months += 1
        for product in ("snapshot", "vcontainer"):
            own = [each for each in self.resources.values() if each.product == product]
            cost = sum(each.used(until) for each in own) * self.random.choice([0, 1, 1])
            for each in own:
                each.until = until
            self._settle(product, cost, until)

    def _top_up(self) -> None:
        self.ask(
            TopUp(account="acme", amount=self.random.choice([1, 30_000, 500_000]), reference=f"r{self.asked}")
        )

    def _spend(self) -> None:
        at, some = self.at, self.random.choice([1, 5_000, 400_000])
        order = f"c-{self.asked}"
        self.ask(PlaceCharge(account="acme", order=order, wallet="credit", amount=some, effective_at=at))
        self.ask(
            GiveBack(
                account="acme", wallet="credit", amount=some, why="line_failed", order=order, effective_at=at
            )
        )
        self.ask(PayFrom(account="acme", invoice="i", payment=order, amount=some, effective_at=at))

    def _order(self) -> None:
        product, order = self.random.choice(["vcontainer", "snapshot"]), f"o-{self.random.randint(1, 5)}"
        some = self.random.choice([0, 36_200, 100_000])
        if (order, product) not in self.reserved and some <= self.account.credit.available:
            self.reserved[order, product] = some
            self.ask(
                PlaceHold(account="acme", order=order, product=product, amount=some, effective_at=self.at)
            )
        elif left := self.reserved.get((order, product)):
            part = self.random.randint(1, left)
            self.reserved[order, product] = left - part
            self.ask(
                ReleaseHold(account="acme", order=order, product=product, amount=part, effective_at=self.at)
            )


def _worlds() -> Iterator[World]:
    random = seeded_random()
    for _ in range(HISTORIES):
        # Some days before the calendar is odd: histories go over it.
        world = World(random, odd_instant(random) - random.randint(0, 14) * DAY)
        world.known.apply(RULES[OpenAccount](_OPEN, world.known, Cause(cause_id(0), "hold", world.at)))
        yield world


_OPEN: Final = OpenAccount(account="acme", mode="prepaid", email="a@b.vn")


def test_no_sequence_of_commands_and_days_makes_a_wallet_wrong() -> None:
    stopped = settled = grown = 0
    for world in _worlds():
        for _ in range(STEPS):
            world.step()
        index = [world.known.get(Meters, f"acme/{product}") for product in ("snapshot", "vcontainer")]
        left = {name for each in index if each for name in each.resources}
        assert left >= {name for name, each in world.resources.items() if each.rate is not None}
        stopped += any(each.rate is None for each in world.resources.values())
        settled += world.months > 0
        grown += world.grown
    # Enough of them got there for the test to mean something.
    assert stopped > HISTORIES // 2
    assert settled > HISTORIES // 2
    assert grown > HISTORIES // 10
