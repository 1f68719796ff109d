"""PublishPrices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.checkout.pricing import Period, Thing, line_for
from services.checkout.reasons import REFUSALS, Reason
from services.checkout.rules.prices import MOST_PRICE_VND, publish_prices
from services.checkout.state import Price, PriceVersion
from shared.contracts.checkout import PublishPrices
from shared.contracts.orders import PricesPublished, PricesRefused
from shared.contracts.parts import Line
from tests.support.spec import Spec
from tests.unit.checkout.instants import AT, DAY, MINUTE, MONTH, TODAY, TOMORROW, YESTERDAY

given = Spec("checkout", {PublishPrices: publish_prices}, AT).given


def server(vnd: int = 181_000, **said: Any) -> dict[str, Any]:
    return {"flavor": "s-general-1x1", "kind": "server", "vnd": vnd} | said


def publish(*prices: dict[str, Any], starts: datetime = TODAY) -> PublishPrices:
    return PublishPrices.model_validate({"prices": list(prices) or [server()], "from": starts})


def published(ask: PublishPrices) -> PricesPublished:
    return PricesPublished.model_validate(dict(ask) | {"effective_at": AT})


def refused(ask: PublishPrices, reason: Reason) -> PricesRefused:
    why = {"reason": reason.value, "explanation": reason.sentence, "effective_at": AT}
    return PricesRefused.model_validate(dict(ask) | why)


def priced(*versions: tuple[datetime, int]) -> Price:
    return Price(
        "server", "s-general-1x1", tuple(PriceVersion(starts, vnd, "30d") for starts, vnd in versions)
    )


def test_prices_stand_from_the_instant_they_name() -> None:
    ask = publish(server(discount=10), {"flavor": "snapshot", "kind": "snapshot", "vnd": 5, "per": "gb_hour"})
    given().when(ask).then(
        published(ask),
        now=[
            Price("server", "s-general-1x1", (PriceVersion(TODAY, 181_000, "30d", 10),)),
            Price("snapshot", "snapshot", (PriceVersion(TODAY, 5, "gb_hour"),)),
        ],
    )


def test_a_new_price_stands_beside_the_old_ones_in_the_order_of_their_instants() -> None:
    before = priced((YESTERDAY, 181_000), (TOMORROW, 200_000))
    ask = publish(server(190_000))
    given(before).when(ask).then(
        published(ask), now=[priced((YESTERDAY, 181_000), (TODAY, 190_000), (TOMORROW, 200_000))]
    )


def test_a_price_published_again_for_the_same_instant_is_corrected() -> None:
    ask = publish(server(190_000))
    given(priced((TODAY, 181_000))).when(ask).then(published(ask), now=[priced((TODAY, 190_000))])


def test_a_price_not_named_stays() -> None:
    other = Price("volume", "ssd-20", (PriceVersion(YESTERDAY, 20_000, "30d"),))
    case = given(other).when(publish())
    case.then(published(publish()), now=[priced((TODAY, 181_000))])
    assert case.known.get(Price, "volume/ssd-20") == other


def test_a_price_may_stand_from_an_instant_that_has_passed_and_changes_nothing_that_was_bought() -> None:
    ask = publish(starts=datetime(2020, 1, 1, tzinfo=UTC))
    given().when(ask).then(published(ask), now=[priced((ask.starts, 181_000))])


def test_the_same_flavor_of_another_kind_has_a_price_of_its_own() -> None:
    ask = publish(server(1), server(2, kind="volume"))
    given().when(ask).then(
        published(ask),
        now=[
            priced((TODAY, 1)),
            Price("volume", "s-general-1x1", (PriceVersion(TODAY, 2, "30d"),)),
        ],
    )


@pytest.mark.parametrize(
    ("at", "vnd"),
    [(YESTERDAY, 100), (TOMORROW - MINUTE, 100), (TOMORROW, 200), (TOMORROW + 300 * DAY, 200)],
)
def test_what_is_bought_costs_what_stands_at_the_instant_of_the_act(at: datetime, vnd: int) -> None:
    asks = publish(server(100), starts=YESTERDAY), publish(server(200), starts=TOMORROW)
    known = given().when(*asks).known
    line = line_for(Thing("srv-1", "server", "s-general-1x1", 1), Period(TODAY, TODAY + MONTH), known, at)
    assert isinstance(line, Line)
    assert line.amount == vnd


def test_nothing_can_be_bought_before_its_first_price_stands() -> None:
    known = given().when(publish(starts=TOMORROW)).known
    thing = Thing("srv-1", "server", "s-general-1x1", 1)
    assert line_for(thing, Period(TODAY, TODAY + MONTH), known, AT) is Reason.PRICE_UNKNOWN


TWICE = [server(), server(200_000)]
WRONG = {
    Reason.FROM_TOO_FAR: publish(*TWICE, starts=datetime(9999, 12, 31, tzinfo=UTC)),
    Reason.PRICE_TWICE: publish(*TWICE, server(-1, flavor="a+b")),
    Reason.FLAVOR_JOINED: publish(server(-1), server(-1, flavor="a+b")),
    Reason.PRICE_NEGATIVE: publish(server(-1, per="gb_hour"), server(MOST_PRICE_VND + 1, flavor="b")),
    Reason.PRICE_TOO_LARGE: publish(server(MOST_PRICE_VND + 1, per="gb_hour")),
    Reason.PER_WRONG: publish(server(per="gb_hour")),
}


@pytest.mark.parametrize("reason", WRONG)
def test_prices_are_refused_for_the_first_reason_that_applies_all_of_them(reason: Reason) -> None:
    given().when(WRONG[reason]).then(refused(WRONG[reason], reason))


def test_prices_are_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(WRONG) == REFUSALS[PublishPrices]


def test_what_is_metered_by_its_size_is_priced_by_gb_and_hour_only() -> None:
    ask = publish({"flavor": "snapshot", "kind": "snapshot", "vnd": 5, "per": "30d"})
    given().when(ask).then(refused(ask, Reason.PER_WRONG))


def test_a_price_may_be_nothing_and_as_large_as_the_bound() -> None:
    ask = publish(server(0), server(MOST_PRICE_VND, flavor="b"))
    assert given().when(ask).decisions[0].says == (published(ask),)
