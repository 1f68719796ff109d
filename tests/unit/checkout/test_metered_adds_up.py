"""However a metered resource is resized, had or not: it is held for once, and smaller is always possible."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from hypothesis import given
from hypothesis import strategies as some

from services.checkout.pricing import estimate_of
from services.checkout.state import Order
from services.hold.held import Meter
from services.hold.state import Account
from services.lifecycle.state import Resource
from shared.calendar import DAYS
from shared.contracts.checkout import Buy, PublishPrices, Resize
from shared.contracts.hold import OpenAccount, TopUp
from shared.contracts.provisioning import PlanOutcome
from tests.support.seeds import seeded, tell_seed
from tests.unit.checkout.instants import AT, DAY
from tests.unit.checkout.world import World

# What three nodes cost in three days.
NODES: Final = 3
ESTIMATE: Final = 108_600

# The quantity asked for, whether the provider refuses, what is topped up before, the price by then, and how much later it is.
STEPS: Final = some.lists(
    some.tuples(
        some.integers(1, 6),
        some.booleans(),
        some.sampled_from([0, 0, 1, 36_200, 200_000]),
        some.sampled_from([181_000, 362_000]),
        some.integers(0, 17 * 60),
    ),
    min_size=1,
    max_size=6,
)


def begun() -> World:
    """An account that has just what its nodes are held for."""
    world = World(AT)
    world.ask(OpenAccount(account="acme", mode="prepaid", email="a@acme.example"))
    world.ask(TopUp(account="acme", amount=ESTIMATE, reference="r-0"), priced(362_000, AT))
    item = {"resource": "node-1", "kind": "k8s_node", "flavor": "node", "quantity": NODES, "cluster": "kube"}
    world.ask(Buy.model_validate({"account": "acme", "items": [item], "pay": "hold"}))
    assert node_of(world).quantity == NODES
    return world


def priced(vnd: int, at: datetime) -> PublishPrices:
    return PublishPrices.model_validate(
        {"prices": [{"kind": "k8s_node", "flavor": "node", "vnd": vnd}], "from": at}
    )


def node_of(world: World) -> Resource:
    (found,) = world.all_of("lifecycle", Resource)
    assert isinstance(found, Resource)
    return found


def account_of(world: World) -> Account:
    (found,) = world.all_of("hold", Account)
    assert isinstance(found, Account)
    return found


def available(world: World) -> int:
    """What may be spent once the days that are over are closed: of what was refused they are not, in the books."""
    account = account_of(world)
    (hold,) = account.holds
    (meter,) = (each for each in world.all_of("hold", Meter) if isinstance(each, Meter))
    assert hold.counted_until
    until = max(hold.counted_until, DAYS.last(world.at).instant)
    return account.credit.available - (meter.used(until) - hold.actual)


def resized(world: World, quantity: int) -> Order | None:
    """The order it came to; none, where it has that size."""
    id_ = world.next_order()
    world.ask(Resize(account="acme", resource="node-1", flavor="node", quantity=quantity, pay="hold"))
    orders = (each for each in world.all_of("checkout", Order) if isinstance(each, Order))
    return next((each for each in orders if each.id == id_), None)


@seeded
@given(STEPS)
def test_a_resize_holds_for_the_new_size_alone_or_leaves_all_as_it_was(
    steps: list[tuple[int, bool, int, int, int]],
) -> None:
    tell_seed()
    world, is_planned = begun(), False
    for number, (quantity, refuses, added, vnd, minutes) in enumerate(steps, 1):
        world.at += timedelta(minutes=minutes)
        world.ask(
            priced(vnd, world.at),
            *([TopUp(account="acme", amount=added, reference=f"r-{number}")] if added else []),
        )
        if refuses and not is_planned:
            world.ask(PlanOutcome(resource="node-1", outcome="refuse", times=1))
            is_planned = True
        before, order = node_of(world), resized(world, quantity)
        after, account = node_of(world), account_of(world)
        assert before.metered
        assert after.metered
        (hold,) = account.holds
        assert (hold.reserved, hold.estimate) == (0, estimate_of(after.metered))
        if order is None:
            assert quantity == before.quantity
        elif order.status == "cancelled":
            # Only what costs more in the next days is ever short of credit.
            assert after == before
            assert order.total > available(world)
        else:
            assert after.quantity == (before.quantity if is_planned else quantity)
            assert order.given_back == (order.total if is_planned else 0)
            # What it costs more was there, and is held now: no more is short than what was used since.
            assert order.total == 0 or is_planned or account.debt <= hold.actual
            is_planned = False


def test_a_node_is_made_smaller_in_debt_and_not_larger() -> None:
    world = begun()
    world.at += 2 * DAY
    # What is added closes the days, and is far less than what they cost.
    world.ask(TopUp(account="acme", amount=1, reference="r-1"))
    in_debt = account_of(world).debt
    assert in_debt > ESTIMATE // NODES
    larger, smaller = resized(world, NODES + 1), resized(world, NODES - 1)
    assert larger is not None
    assert smaller is not None
    assert (larger.status, larger.total) == ("cancelled", ESTIMATE // NODES)
    assert (smaller.status, smaller.total) == ("completed", 0)
    (hold,) = account_of(world).holds
    assert hold.estimate == 2 * ESTIMATE // NODES
    assert hold.held == ESTIMATE + 1
