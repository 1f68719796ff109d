"""What lifecycle answers an order's lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from services.checkout.state import Coupon, Item, Order, OrderLine, StillPoc
from shared.contracts import lifecycle, refusals
from shared.contracts.charges import GiveBack, ReleaseHold
from shared.contracts.lifecycle import ResourceConverted, ResourceExpired
from shared.contracts.message import Message
from shared.contracts.orders import MOST_FAILURES_TOLD, Failure, OrderCompleted, PocStopped
from shared.contracts.parts import Metered, Term
from shared.contracts.refusals import ClusterConversionRefused, ConversionRefused
from shared.engine.decision import Entity
from tests.unit.checkout.instants import AT, DAY, MONTH, TODAY
from tests.unit.checkout.standing import NODE, ON_POC, SERVER, given, month_of

ABOUT: Final[dict[str, Any]] = {"account": "acme", "order": "o-1", "effective_at": AT}
POC: Final = tuple(replace(ON_POC, resource=f"srv-{number}") for number in range(3))
PAID: Final = 181_000


def order(action: Any = "stop_poc", pay: Any = "credit", lines: int = 2, **more: Any) -> Order:
    whole = {"cluster": "k1", "received": lines * PAID, "total": lines * PAID} | more
    total = whole.pop("total")
    return Order("o-1", "k1", "acme", action, pay, "provisioning", total, lines, AT, **whole)


def order_line(number: int, item: Item, **more: Any) -> OrderLine:
    whole = {"line": month_of(TODAY, item=item)} | more
    return OrderLine("o-1", number, item.resource, item.kind, item.flavor, item.quantity, **whole)


def claimed(*items: Item) -> list[Item]:
    return [item.claimed("o-1", number) for number, item in enumerate(items, start=1)]


def told(kind: Any, item: Item, **said: Any) -> Any:
    whole: dict[str, Any] = {
        "resource": item.resource, "cluster": item.cluster, "kind": item.kind, "product": "vserver",
        "flavor": item.flavor, "quantity": item.quantity, "billing": "prepaid",
        "line": month_of(TODAY, item=item), "version": item.version + 1,
    }  # fmt: skip
    return kind.model_validate(whole | ABOUT | said)


def done(item: Item, **said: Any) -> ResourceConverted:
    event: ResourceConverted = told(ResourceConverted, item, **said)
    return event


def no(item: Item, reason: str = "provider_refused", **said: Any) -> ConversionRefused:
    return ConversionRefused(
        resource=item.resource, reason=reason, explanation="It could not.", **ABOUT, **said
    )


def after(item: Item) -> Item:
    """Converted: paid for the month of its line."""
    term = Term(starts=TODAY, until=TODAY + MONTH, paid=PAID)
    return replace(item, billing="prepaid", until=TODAY + MONTH, terms=(term,))


def back(item: Item, wallet: Any = "credit", amount: int = PAID) -> GiveBack:
    return GiveBack(wallet=wallet, amount=amount, why="line_failed", resource=item.resource, **ABOUT)


def failure(item: Item, reason: str = "provider_refused") -> Failure:
    return Failure(resource=item.resource, reason=reason, explanation="It could not.")


def stopped(of: Order, **said: Any) -> PocStopped:
    whole: dict[str, Any] = {
        "subject": "k1", "cluster": "k1", "pay": of.pay, "status": "completed", "total": of.total, "given_back": 0,
        "converted": of.lines, "failed": [], "left": 0,
    }  # fmt: skip
    return PocStopped.model_validate(whole | ABOUT | said)


def test_a_line_is_done_once_and_its_resource_known_as_it_is_now() -> None:
    before, line = order(), order_line(1, POC[0])
    given(before, line, *claimed(*POC[:2])).when(done(POC[0]), done(POC[0]), no(POC[0])).then(
        now=[before.having(done=1), line.ended("done"), after(POC[0])]
    )


def test_with_its_last_line_the_order_ends() -> None:
    before, lines = order(), [order_line(1, POC[0]), order_line(2, POC[1])]
    given(before, *lines, *claimed(*POC[:2])).when(done(POC[1]), done(POC[0])).then(
        stopped(before),
        now=[
            replace(before, done=2, version=3, status="completed"),
            *(line.ended("done") for line in lines), after(POC[0]), after(POC[1]),
        ],
    )  # fmt: skip


def test_a_line_that_fails_is_given_back_and_the_others_stand() -> None:
    before, lines = order(left=4), [order_line(1, POC[0]), order_line(2, POC[1])]
    given(before, *lines, *claimed(*POC[:2])).when(no(POC[0]), no(POC[0]), done(POC[0]), done(POC[1])).then(
        back(POC[0]),
        stopped(before, status="partly_completed", given_back=PAID, converted=1, failed=[failure(POC[0])], left=5),
        now=[
            replace(before, done=1, failed=1, version=3, status="partly_completed", given_back=PAID, left=5,
                    failures=(failure(POC[0]),)),
            lines[0].ended("failed", "provider_refused"), lines[1].ended("done"), POC[0], after(POC[1]),
        ],
    )  # fmt: skip


def test_one_already_stopped_elsewhere_is_given_back_and_is_no_failure() -> None:
    before, line = order(lines=1), order_line(1, POC[0])
    why = "already_stopped"
    given(before, line, *claimed(POC[0])).when(no(POC[0], why)).then(
        back(POC[0]),
        stopped(before, given_back=PAID, converted=0, failed=[failure(POC[0], why)]),
        now=[
            replace(before, failed=1, spared=1, version=2, status="completed", given_back=PAID,
                    failures=(failure(POC[0], why),)),
            line.ended("failed", why), replace(POC[0], status="expired"),
        ],
    )  # fmt: skip


def test_one_that_is_gone_is_a_failure_and_not_left() -> None:
    before, line = order(lines=1), order_line(1, POC[0])
    still_poc = StillPoc("k1", ("srv-0",))
    case = given(before, line, *claimed(POC[0]), still_poc).when(no(POC[0], "resource_deleted"))
    ended = case.known.get(Order, "o-1")
    assert ended is not None
    assert (ended.status, ended.left, ended.spared) == ("partly_completed", 0, 0)
    assert case.known.get(Item, "srv-0") == replace(POC[0], status="trash")


def test_what_is_left_of_a_cluster_is_counted_as_it_stands_when_the_order_ends() -> None:
    before, line = order(lines=1, left=7), order_line(1, POC[0])
    here = [*claimed(POC[0]), POC[1], after(POC[2])]
    still_poc = StillPoc("k1", ("srv-0", "srv-1", "srv-2", "not of this batch"))
    given(before, line, *here, still_poc).when(done(POC[0])).then(
        stopped(before, left=2),
        now=[
            replace(before, done=1, left=2, version=2, status="completed"),
            line.ended("done"),
            after(POC[0]),
        ],
    )


COUPON: Final = Coupon("SAVE", 1, used=3)


def test_a_coupon_is_returned_when_nothing_of_the_order_stands() -> None:
    before = order("buy", lines=2, coupon="SAVE")
    lines = [order_line(1, SERVER), order_line(2, POC[2])]
    case = given(before, *lines, COUPON, *claimed(SERVER, POC[2])).when(no(SERVER), no(POC[2]))
    assert case.known.get(Coupon, "SAVE") == COUPON.returned()
    case = given(before, *lines, COUPON, *claimed(SERVER, POC[2])).when(done(SERVER), no(POC[2]))
    assert case.known.get(Coupon, "SAVE") == COUPON


def test_what_was_bought_and_could_not_be_made_is_gone() -> None:
    before = order("buy", "poc", lines=1)
    new = replace(SERVER, version=0, status="creating")
    line = order_line(1, new)
    refusal = refusals.CreationRefused(
        resource="srv-1", reason="provider_refused", explanation="It could not.", **ABOUT
    )
    completed = OrderCompleted(
        subject="k1", action="buy", pay="poc", status="partly_completed", total=PAID, given_back=PAID, done=0,
        failed=1, **ABOUT,
    )  # fmt: skip
    given(before, line, new.claimed("o-1", 1)).when(refusal).then(
        back(new, "poc"), completed,
        now=[
            replace(before, failed=1, version=2, status="partly_completed", given_back=PAID,
                    failures=(failure(new),)),
            line.ended("failed", "provider_refused"), replace(new, status="released"),
        ],
    )  # fmt: skip


def test_a_resize_that_fails_below_zero_gives_nothing_back_here() -> None:
    line = order_line(1, SERVER, line=month_of(TODAY, carried=200_000))
    before = order("resize", lines=1, total=0, received=0)
    refusal = refusals.ResizeRefused(
        resource="srv-1", reason="changed_meanwhile", explanation="It could not.", **ABOUT
    )
    case = given(before, line, *claimed(SERVER)).when(refusal)
    assert [type(message).__name__ for decision in case.decisions for message in decision.says] == [
        "OrderCompleted"
    ]


NODES: Final = tuple(replace(NODE, resource=f"node-{number}", billing="poc") for number in range(2))


def of_node(item: Item, estimate: int = 60_000) -> Metered:
    return Metered(
        resource=item.resource,
        kind=item.kind,
        flavor="n-2x4",
        quantity=2,
        vnd=300_000,
        per="30d",
        estimate=estimate,
    )


def node_lines(estimate: int = 60_000) -> list[OrderLine]:
    return [
        order_line(number, node, line=None, metered=of_node(node, estimate))
        for number, node in enumerate(NODES, start=1)
    ]


NOT_THE_CLUSTER: Final = ClusterConversionRefused(
    cluster="k1", reason="provider_refused", explanation="It could not.", **ABOUT
)


@pytest.mark.parametrize("estimate", [60_000, 0])
def test_a_metered_cluster_that_cannot_be_converted_is_let_go_whole_and_once(estimate: int) -> None:
    before, lines = order(pay="hold", total=2 * estimate, received=0), node_lines(estimate)
    release = [ReleaseHold(product="vcontainer", amount=2 * estimate, **ABOUT)] if estimate else []
    told = [failure(node) for node in NODES]
    given(before, *lines, *claimed(*NODES)).when(NOT_THE_CLUSTER, NOT_THE_CLUSTER).then(
        *release,
        stopped(
            before, status="partly_completed", given_back=2 * estimate, converted=0, failed=told, left=2
        ),
        now=[
            replace(before, failed=2, version=2, status="partly_completed", given_back=2 * estimate, left=2,
                    failures=tuple(told)),
            *(line.ended("failed", "provider_refused") for line in lines), *NODES,
        ],
    )  # fmt: skip


def test_a_metered_cluster_is_converted_resource_by_resource() -> None:
    before, lines = order(pay="hold", total=120_000, received=0), node_lines()
    events = [
        done(node, billing="hold", line=None, metered=of_node(node), product="vcontainer") for node in NODES
    ]
    converted = [replace(node, billing="hold", until=None, metered=of_node(node)) for node in NODES]
    given(before, *lines, *claimed(*NODES)).when(*events).then(
        stopped(before),
        now=[
            replace(before, done=2, version=3, status="completed"),
            *(line.ended("done") for line in lines), *converted,
        ],
    )  # fmt: skip


def test_an_answer_to_one_line_of_a_metered_cluster_does_not_count_for_it_again() -> None:
    before, lines = order(pay="hold", total=120_000, received=0), node_lines()
    first = done(NODES[0], billing="hold", line=None, metered=of_node(NODES[0]), product="vcontainer")
    case = given(before, *lines, *claimed(*NODES)).when(first, NOT_THE_CLUSTER)
    ended = case.known.get(Order, "o-1")
    assert ended is not None
    assert (ended.done, ended.failed, ended.given_back) == (1, 1, 60_000)


def test_a_metered_thing_that_fails_is_let_go() -> None:
    before = order("buy", "hold", lines=1, total=60_000, received=0)
    line = order_line(1, NODE, line=None, metered=of_node(NODE))
    case = given(before, line, *claimed(NODE)).when(
        refusals.CreationRefused(resource="node-1", reason="r", explanation="It could not.", **ABOUT)
    )
    said = [message for decision in case.decisions for message in decision.says]
    assert said[0] == ReleaseHold(product="vcontainer", amount=60_000, **ABOUT)


def test_a_stop_without_paying_leaves_it_expired() -> None:
    before = order(pay="none", lines=1, total=0, received=0)
    line = order_line(1, POC[0], line=None)
    event: ResourceExpired = told(
        ResourceExpired, POC[0], billing="poc", line=None, trash_until=TODAY + 7 * DAY, unused=9, wallet="poc"
    )
    expired = replace(POC[0], status="expired", until=TODAY, terms=(), trash_until=TODAY + 7 * DAY)
    given(before, line, *claimed(POC[0])).when(event).then(
        stopped(before),
        now=[replace(before, done=1, version=2, status="completed"), line.ended("done"), expired],
    )


def test_a_renewal_adds_a_period_to_those_there_are() -> None:
    before, ends = order("renew", lines=1), SERVER.until
    assert ends is not None
    line = order_line(1, SERVER, line=month_of(ends))
    event = told(lifecycle.ResourceRenewed, SERVER, line=month_of(ends))
    case = given(before, line, *claimed(SERVER)).when(event)
    term = Term(starts=ends, until=ends + MONTH, paid=PAID)
    assert case.known.get(Item, "srv-1") == replace(SERVER, until=ends + MONTH, terms=(*SERVER.terms, term))


def test_of_many_failures_the_first_are_told_cut_to_a_sentence() -> None:
    many = [replace(ON_POC, resource=f"s{number:03}") for number in range(MOST_FAILURES_TOLD + 1)]
    lines = [order_line(number, item) for number, item in enumerate(many, start=1)]
    long = [
        ConversionRefused(resource=item.resource, reason="x" * 100, explanation="y" * 9_999, **ABOUT)
        for item in many
    ]
    case = given(order(lines=len(many)), *lines, *claimed(*many)).when(*long)
    told = case.decisions[-1].says[-1]
    assert isinstance(told, PocStopped)
    assert [failed.resource for failed in told.failed] == [item.resource for item in many[:-1]]
    assert {(len(failed.reason), len(failed.explanation)) for failed in told.failed} == {(60, 240)}
    assert told.left == len(many)


NOT_OURS: Final[list[tuple[Sequence[Entity], Message]]] = [
    ([], done(POC[0])),
    ([], done(POC[0], order=None)),
    ([], NOT_THE_CLUSTER),
    ([order()], done(POC[0])),
    ([order(), POC[0]], done(POC[0])),
    ([order(), POC[0].claimed("another", 1)], no(POC[0])),
    ([replace(order(), status="awaiting_payment"), *claimed(POC[0])], done(POC[0])),
    ([replace(order(), status="cancelled", failed=2)], NOT_THE_CLUSTER),
]


@pytest.mark.parametrize(("known", "answer"), NOT_OURS)
def test_an_answer_no_line_waits_for_changes_nothing(known: Sequence[Entity], answer: Message) -> None:
    given(*known).when(answer).then()
