"""ExtendPoc."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.hold.reasons import REFUSALS, Reason
from services.hold.state import CreditWallet, PocWallet
from shared.contracts.hold import ExtendPoc, Poc, PocExtended, PocExtensionRefused
from shared.engine.decision import Entity
from tests.unit.hold.cases import (
    AT,
    DAY,
    MINUTE,
    NEXT_WEEK,
    POSTPAID,
    TODAY,
    TOMORROW,
    YESTERDAY,
    account,
    given,
)


def extend(until: datetime = NEXT_WEEK) -> ExtendPoc:
    return ExtendPoc(account="acme", until=until)


def extended(before: datetime, poc: PocWallet, at: datetime = AT) -> PocExtended:
    wallet = Poc(granted=poc.granted, balance=poc.left, until=poc.until)
    return PocExtended(account="acme", before=before, poc=wallet, effective_at=at)


def refused(ask: ExtendPoc, reason: Reason, at: datetime = AT) -> PocExtensionRefused:
    return PocExtensionRefused(
        account="acme", until=ask.until, reason=reason.value, explanation=reason.sentence, effective_at=at
    )


def test_extend_poc_moves_the_end_and_no_money() -> None:
    before = PocWallet(TOMORROW, granted=1_000, spent=400, refunded=50, expired=20)
    after = PocWallet(NEXT_WEEK, granted=1_000, spent=400, refunded=50, expired=20)
    credit = CreditWallet(1_000, 300)
    given(account(credit=credit, poc=before, transactions=4)).when(extend()).then(
        extended(TOMORROW, after), now=[account(credit=credit, poc=after.told(AT), transactions=4)]
    )


def test_extend_poc_truncates_the_end_to_the_minute() -> None:
    after = PocWallet(NEXT_WEEK, granted=500)
    given(account(poc=PocWallet(TOMORROW, granted=500))).when(extend(NEXT_WEEK + timedelta(seconds=59))).then(
        extended(TOMORROW, after), now=[account(poc=after.told(AT))]
    )


def test_extend_poc_extends_a_wallet_with_nothing_left() -> None:
    after = PocWallet(NEXT_WEEK, granted=500, spent=500)
    given(account(poc=PocWallet(TOMORROW, granted=500, spent=500))).when(extend()).then(
        extended(TOMORROW, after), now=[account(poc=after.told(AT))]
    )


def test_extend_poc_extends_a_wallet_in_its_last_minute() -> None:
    last = TODAY + MINUTE
    after = PocWallet(NEXT_WEEK, granted=500)
    given(account(poc=PocWallet(last, granted=500))).when(extend()).then(
        extended(last, after), now=[account(poc=after.told(AT))]
    )


def test_extend_poc_is_refused_when_the_account_is_unknown() -> None:
    given().when(extend()).then(refused(extend(), Reason.ACCOUNT_UNKNOWN))


def test_extend_poc_is_refused_when_the_account_is_postpaid() -> None:
    given(POSTPAID).when(extend()).then(refused(extend(), Reason.ACCOUNT_POSTPAID))


def test_extend_poc_is_refused_when_nothing_was_granted() -> None:
    given(account()).when(extend()).then(refused(extend(), Reason.POC_NOT_GRANTED))


@pytest.mark.parametrize("end", [TODAY, YESTERDAY])
def test_extend_poc_is_refused_when_the_wallet_has_ended(end: datetime) -> None:
    given(account(poc=PocWallet(end, granted=500))).when(extend()).then(refused(extend(), Reason.POC_ENDED))


def test_extend_poc_is_refused_at_the_very_end_of_the_wallet() -> None:
    given(account(poc=PocWallet(TOMORROW, granted=500))).when(extend(), at=TOMORROW).then(
        refused(extend(), Reason.POC_ENDED, at=TOMORROW)
    )


def test_extend_poc_is_refused_when_the_wallet_ended_since_the_last_extension() -> None:
    first, later = PocWallet(NEXT_WEEK, granted=500), NEXT_WEEK + DAY
    ask = extend(NEXT_WEEK + 7 * DAY)
    given(account(poc=PocWallet(TOMORROW, granted=500))).when(extend()).when(ask, at=later).then(
        extended(TOMORROW, first), refused(ask, Reason.POC_ENDED, at=later), now=[account(poc=first.told(AT))]
    )


@pytest.mark.parametrize("until", [YESTERDAY, TOMORROW - MINUTE, TOMORROW, TOMORROW + timedelta(seconds=59)])
def test_extend_poc_is_refused_when_the_end_is_not_in_a_later_minute(until: datetime) -> None:
    given(account(poc=PocWallet(TOMORROW, granted=500))).when(extend(until)).then(
        refused(extend(until), Reason.UNTIL_NOT_LATER)
    )


# Wrong in every way that can be wrong together from this reason on.
WRONG_FROM_HERE_ON: list[tuple[list[Entity], ExtendPoc, Reason]] = [
    ([], extend(YESTERDAY), Reason.ACCOUNT_UNKNOWN),
    ([POSTPAID], extend(YESTERDAY), Reason.ACCOUNT_POSTPAID),
    ([account()], extend(YESTERDAY), Reason.POC_NOT_GRANTED),
    ([account(poc=PocWallet(TODAY, granted=500))], extend(YESTERDAY), Reason.POC_ENDED),
    ([account(poc=PocWallet(TOMORROW, granted=500))], extend(YESTERDAY), Reason.UNTIL_NOT_LATER),
]


@pytest.mark.parametrize(("known", "ask", "reason"), WRONG_FROM_HERE_ON)
def test_extend_poc_is_refused_for_the_first_reason_that_applies(
    known: list[Entity], ask: ExtendPoc, reason: Reason
) -> None:
    given(*known).when(ask).then(refused(ask, reason))


def test_extend_poc_is_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for *_, reason in WRONG_FROM_HERE_ON) == REFUSALS[ExtendPoc]
