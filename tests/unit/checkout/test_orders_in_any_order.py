"""Whatever is asked, answered, answered twice, late or never: no resource is in two orders' hands, no VND is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as some

from services.checkout.rules import RULES
from services.checkout.state import Cluster, Coupon, Item, Members, Order, OrderLine, line_key
from shared.contracts.charges import Charged, ChargeRefused, GiveBack, PlaceCharge
from shared.contracts.checkout import CancelOrder, StopPoc
from shared.contracts.lifecycle import ResourceConverted, ResourceExpired
from shared.contracts.message import Message
from shared.contracts.orders import OrderCancelled, OrderPlaced, OrderRefused, PocStopped
from shared.contracts.refusals import ConversionRefused
from shared.contracts.resources import ClearCluster, ConvertResource, ExpireResource
from shared.engine.decision import Cause, Known
from tests.support.seeds import seeded, tell_seed
from tests.support.spec import cause_id
from tests.unit.checkout.instants import AT, DAY, TODAY
from tests.unit.checkout.standing import ON_POC, PRICES

NAMES: Final = tuple(f"srv-{number}" for number in range(4))
REASONS: Final = ("provider_refused", "already_stopped", "changed_meanwhile")


@dataclass
class History:
    """Checkout alone, among others that answer when and as the dice say, some of it twice."""

    dice: Random
    known: Known = field(default_factory=Known)
    said: list[Message] = field(default_factory=list)
    answers: list[Message] = field(default_factory=list)
    orders: set[str] = field(default_factory=set)
    causes: int = 0

    def __post_init__(self) -> None:
        self.known.put(Cluster("k1", "acme", poc=True, version=1))
        self.known.put(Members("k1", NAMES))
        self.known.put(Coupon("SAVE", 50_000, uses=2))
        for entity in (*PRICES, *(_item(name) for name in NAMES)):
            self.known.put(entity)

    def happens(self, message: Message) -> tuple[Message, ...]:
        """Decided; what others answer to it waits to be read."""
        self.causes += 1
        cause = Cause(cause_id(self.causes), "checkout", getattr(message, "effective_at", AT))
        decision = RULES[type(message)](message, self.known, cause)
        self.known.apply(decision)
        self.orders |= {each.id for each in decision.changes if isinstance(each, Order)}
        self.said += decision.says
        for each in decision.says:
            self.answers += [answer] * self.dice.choice([1, 2]) if (answer := self._answer(each)) else []
        return decision.says

    def one_answer_comes(self) -> None:
        """Any of those under way."""
        if self.answers:
            self.happens(self.answers.pop(self.dice.randrange(len(self.answers))))

    def _answer(self, asked: Message) -> Message | None:
        whole = dict(asked)
        match asked:
            case PlaceCharge() if self.dice.random() < 0.8:
                return Charged.model_validate(whole)
            case PlaceCharge():
                return ChargeRefused.model_validate(whole | {"missing": 1} | _WHY)
            case ConvertResource() if self.dice.random() < 0.7:
                return ResourceConverted.model_validate(whole | _SERVER | {"billing": "prepaid"})
            case ConvertResource():
                why = _WHY | {"reason": self.dice.choice(REASONS)}
                return ConversionRefused.model_validate(whole | why)
            case ExpireResource():
                trash = {"billing": "poc", "trash_until": TODAY + 7 * DAY}
                return ResourceExpired.model_validate(whole | _SERVER | trash)
        return None

    def all_orders(self) -> list[Order]:
        return [order for id_ in sorted(self.orders) if (order := self.known.get(Order, id_)) is not None]

    def lines(self, order: Order) -> list[OrderLine]:
        found = (self.known.get(OrderLine, line_key(order.id, number + 1)) for number in range(order.lines))
        return [line for line in found if line is not None]


_WHY: Final = {"reason": "credit_short", "explanation": "Short."}
_SERVER: Final[dict[str, Any]] = {
    "cluster": "k1", "kind": "server", "product": "vserver", "flavor": "s-1x1", "quantity": 1, "version": 9,
}  # fmt: skip


def _item(name: str) -> Item:
    return Item(
        name, "acme", "server", "s-1x1", 1, "k1", "poc", "active", ON_POC.until, ON_POC.terms, version=1
    )


ASKS: Final = some.one_of(
    some.builds(
        StopPoc,
        account=some.sampled_from(["acme", "acme", "acme", "other"]),
        cluster=some.sampled_from(["k1", "k1", None]),
        resources=some.none() | some.lists(some.sampled_from(NAMES), min_size=1, max_size=3),
        coupon=some.sampled_from([None, "SAVE"]),
        pay=some.sampled_from(["credit", "credit", "credit", "none", "hold", "gateway"]),
    ),
    # Often enough that orders come to be, and are called off before their payment is answered.
    some.builds(StopPoc, account=some.just("acme"), cluster=some.just("k1"), pay=some.just("credit")),
    some.just("cancel"),
    some.just("answer"),
    some.just("answer"),
)


def _happened(asks: list[Any], seed: int) -> History:
    history = History(Random(seed))
    for ask in asks:
        if ask == "answer":
            history.one_answer_comes()
        elif ask == "cancel":
            for order in history.all_orders()[-1:]:
                history.happens(CancelOrder(account="acme", order=order.id))
        else:
            (first, *_) = history.happens(ask)
            assert isinstance(first, OrderPlaced | OrderRefused | PocStopped)
        _all_is_right(history)
    return history


def _all_is_right(history: History) -> None:
    """At every instant: who has what in hand, how often the coupon is used, and what was paid and given back."""
    orders = history.all_orders()
    pending = Counter(
        line.resource
        for order in orders
        if order.status in ("awaiting_payment", "provisioning")
        for line in history.lines(order)
        if line.status == "pending"
    )
    items = [item for name in NAMES if (item := history.known.get(Item, name)) is not None]
    assert pending == Counter(item.resource for item in items if item.open_order is not None)
    coupon = history.known.get(Coupon, "SAVE")
    stand = [order for order in orders if order.coupon and _stands(order)]
    assert coupon is not None
    assert coupon.used == len(stand) <= 2
    backs = [message for message in history.said if isinstance(message, GiveBack)]
    for order in orders:
        lines = history.lines(order)
        assert order.given_back == sum(back.amount for back in backs if back.order == order.id)
        assert [order.done, order.failed] == [
            sum(line.status == status for line in lines) for status in ("done", "failed")
        ]
        assert sum(line.amount for line in lines) == order.total


def _stands(order: Order) -> bool:
    ended = order.status in ("completed", "partly_completed", "cancelled")
    return not ended or order.done > 0


@seeded
@given(some.lists(ASKS, min_size=5, max_size=40), some.integers(0, 2**32))
def test_every_order_adds_up_at_every_instant_and_ends(asks: list[Any], dice: int) -> None:
    tell_seed()
    history = _happened(asks, dice)
    while history.answers:
        history.one_answer_comes()
        _all_is_right(history)
    for order in history.all_orders():
        done = sum(line.amount for line in history.lines(order) if line.status == "done")
        assert order.status in ("completed", "partly_completed", "cancelled")
        assert order.received == done + order.given_back
    _each_ends_once(history)


def _each_ends_once(history: History) -> None:
    ends = Counter(
        message.order
        for message in history.said
        if isinstance(message, PocStopped | OrderCancelled) and message.order is not None
    )
    assert ends == Counter(history.orders)
    stops = Counter(
        line.resource
        for order in history.all_orders()
        for line in history.lines(order)
        if line.status == "done"
    )
    assert all(count == 1 for count in stops.values()), "nothing that has stopped POC stops it again"
    clears = [message for message in history.said if isinstance(message, ClearCluster)]
    assert len(clears) == sum(isinstance(m, PocStopped) and m.order is None for m in history.said)
