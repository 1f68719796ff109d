"""GrantPoc."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.hold.reasons import REFUSALS, Reason
from services.hold.state import CreditWallet, Entry, PocWallet, Transaction
from shared.contracts.hold import GrantPoc, Poc, PocGranted, PocGrantRefused
from shared.contracts.holding import PocWalletEnded
from shared.contracts.message import MOST_VND
from shared.engine.decision import Entity
from tests.support.spec import cause_id
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


def grant(amount: int = 500, until: datetime = NEXT_WEEK) -> GrantPoc:
    return GrantPoc(account="acme", amount=amount, until=until)


def granted(poc: PocWallet, amount: int = 500, at: datetime = AT) -> PocGranted:
    wallet = Poc(granted=poc.granted, balance=poc.left, until=poc.until)
    return PocGranted(account="acme", amount=amount, poc=wallet, effective_at=at)


def ended(at: datetime, expired: int, granted: int) -> PocWalletEnded:
    poc = Poc(granted=granted, balance=0, until=at, enabled=False)
    return PocWalletEnded(account="acme", expired=expired, poc=poc, effective_at=at)


def refused(ask: GrantPoc, reason: Reason, at: datetime = AT) -> PocGrantRefused:
    return PocGrantRefused(
        account="acme",
        amount=ask.amount,
        until=ask.until,
        reason=reason.value,
        explanation=reason.sentence,
        effective_at=at,
    )


def granting(
    sequence: int, balance: int, amount: int = 500, cause: int = 1, at: datetime = AT
) -> Transaction:
    lines = (Entry("poc", amount, balance), Entry("poc_granted", -amount))
    return Transaction("acme", sequence, "poc_grant", cause_id(cause), at, lines)


def expiring(sequence: int, amount: int, cause: int = 1, at: datetime = AT) -> Transaction:
    lines = (Entry("poc", -amount, 0), Entry("poc_expired", amount))
    return Transaction("acme", sequence, "poc_expiry", cause_id(cause), at, lines)


def test_grant_poc_makes_the_wallet() -> None:
    poc = PocWallet(NEXT_WEEK, granted=500)
    credit = CreditWallet(1_000, 300)
    given(account(credit=credit, transactions=4)).when(grant()).then(
        granted(poc),
        now=[account(credit=credit, poc=poc.told(AT), transactions=5)],
        adds=[granting(5, balance=500)],
    )


def test_grant_poc_adds_to_a_wallet_that_runs_and_moves_its_end() -> None:
    before = PocWallet(TOMORROW, granted=1_000, spent=400, refunded=50, expired=20)
    after = PocWallet(NEXT_WEEK, granted=1_500, spent=400, refunded=50, expired=20)
    given(account(poc=before)).when(grant()).then(
        granted(after), now=[account(poc=after.told(AT), transactions=1)], adds=[granting(1, balance=1_130)]
    )


def test_grant_poc_may_keep_the_end() -> None:
    after = PocWallet(NEXT_WEEK, granted=570)
    given(account(poc=PocWallet(NEXT_WEEK, granted=70))).when(grant()).then(
        granted(after), now=[account(poc=after.told(AT), transactions=1)], adds=[granting(1, balance=570)]
    )


def test_grant_poc_truncates_the_end_to_the_minute() -> None:
    poc = PocWallet(NEXT_WEEK, granted=500)
    given(account()).when(grant(until=NEXT_WEEK + timedelta(seconds=59, microseconds=9))).then(
        granted(poc), now=[account(poc=poc.told(AT), transactions=1)], adds=[granting(1, balance=500)]
    )


@pytest.mark.parametrize("end", [TODAY, YESTERDAY])
def test_grant_poc_first_expires_what_was_left_when_the_wallet_ended(end: datetime) -> None:
    before = PocWallet(end, granted=1_000, spent=400, refunded=50, expired=20)
    after = PocWallet(NEXT_WEEK, granted=1_500, spent=400, refunded=50, expired=650)
    given(account(poc=before, transactions=4)).when(grant()).then(
        ended(end, 630, granted=1_000),
        granted(after),
        now=[account(poc=after.told(AT), transactions=6)],
        adds=[expiring(5, 630, at=end), granting(6, balance=500)],
    )


def test_grant_poc_finds_the_wallet_ended_at_its_very_end() -> None:
    after = PocWallet(NEXT_WEEK, granted=570, expired=70)
    given(account(poc=PocWallet(TOMORROW, granted=70))).when(grant(), at=TOMORROW).then(
        ended(TOMORROW, 70, granted=70),
        granted(after, at=TOMORROW),
        now=[account(poc=after.told(TOMORROW), transactions=2)],
        adds=[expiring(1, 70, at=TOMORROW), granting(2, balance=500, at=TOMORROW)],
    )


def test_grant_poc_expires_nothing_when_nothing_was_left() -> None:
    after = PocWallet(NEXT_WEEK, granted=1_500, spent=1_000)
    given(account(poc=PocWallet(YESTERDAY, granted=1_000, spent=1_000))).when(grant()).then(
        ended(YESTERDAY, 0, granted=1_000),
        granted(after),
        now=[account(poc=after.told(AT), transactions=1)],
        adds=[granting(1, balance=500)],
    )


def test_grant_poc_expires_the_wallet_that_ended_between_two_grants() -> None:
    later = TOMORROW + DAY
    first, second = PocWallet(TOMORROW, granted=500), PocWallet(NEXT_WEEK, granted=507, expired=500)
    given(account()).when(grant(until=TOMORROW)).when(grant(7), at=later).then(
        granted(first),
        ended(TOMORROW, 500, granted=500),
        granted(second, 7, at=later),
        now=[account(poc=second.told(later), transactions=3)],
        adds=[granting(1, 500), expiring(2, 500, cause=2, at=TOMORROW), granting(3, 7, 7, cause=2, at=later)],
    )


def test_grant_poc_is_refused_when_the_account_is_unknown() -> None:
    given().when(grant()).then(refused(grant(), Reason.ACCOUNT_UNKNOWN))


def test_grant_poc_is_refused_when_the_account_is_postpaid() -> None:
    given(POSTPAID).when(grant()).then(refused(grant(), Reason.ACCOUNT_POSTPAID))


@pytest.mark.parametrize("amount", [0, -1, -MOST_VND])
def test_grant_poc_is_refused_when_the_amount_is_not_positive(amount: int) -> None:
    given(account()).when(grant(amount)).then(refused(grant(amount), Reason.AMOUNT_NOT_POSITIVE))


@pytest.mark.parametrize(
    "until", [YESTERDAY, TODAY, AT, AT + timedelta(seconds=29), datetime(1, 1, 1, tzinfo=UTC)]
)
def test_grant_poc_is_refused_when_the_end_is_not_in_a_later_minute(until: datetime) -> None:
    given(account()).when(grant(until=until)).then(refused(grant(until=until), Reason.UNTIL_NOT_FUTURE))


def test_grant_poc_is_refused_when_the_end_is_the_very_instant_it_is_asked() -> None:
    ask = grant(until=TOMORROW)
    given(account()).when(ask, at=TOMORROW).then(refused(ask, Reason.UNTIL_NOT_FUTURE, at=TOMORROW))


def test_grant_poc_takes_an_end_in_the_next_minute() -> None:
    poc = PocWallet(TODAY + MINUTE, granted=500)
    given(account()).when(grant(until=TODAY + MINUTE)).then(
        granted(poc), now=[account(poc=poc.told(AT), transactions=1)], adds=[granting(1, balance=500)]
    )


def test_grant_poc_is_refused_when_it_would_shorten_the_wallet() -> None:
    ask = grant(until=NEXT_WEEK - MINUTE)
    given(account(poc=PocWallet(NEXT_WEEK, granted=70))).when(ask).then(
        refused(ask, Reason.UNTIL_BEFORE_CURRENT)
    )


def test_grant_poc_fills_the_wallet_to_the_most_it_holds() -> None:
    after = PocWallet(NEXT_WEEK, granted=MOST_VND, spent=300)
    given(account(poc=PocWallet(TOMORROW, granted=MOST_VND - 500, spent=300))).when(grant()).then(
        granted(after),
        now=[account(poc=after.told(AT), transactions=1)],
        adds=[granting(1, balance=MOST_VND - 300)],
    )


def test_grant_poc_is_refused_when_all_that_was_granted_would_be_too_large() -> None:
    poc = PocWallet(TOMORROW, granted=MOST_VND - 499, spent=MOST_VND - 499)
    given(account(poc=poc)).when(grant()).then(refused(grant(), Reason.BALANCE_TOO_LARGE))


FULL = account(poc=PocWallet(NEXT_WEEK, granted=MOST_VND))
# Wrong in every way that can be wrong together from this reason on.
WRONG_FROM_HERE_ON: list[tuple[list[Entity], GrantPoc, Reason]] = [
    ([], grant(0, YESTERDAY), Reason.ACCOUNT_UNKNOWN),
    ([POSTPAID], grant(0, YESTERDAY), Reason.ACCOUNT_POSTPAID),
    ([FULL], grant(0, YESTERDAY), Reason.AMOUNT_NOT_POSITIVE),
    ([FULL], grant(1, YESTERDAY), Reason.UNTIL_NOT_FUTURE),
    ([FULL], grant(1, TOMORROW), Reason.UNTIL_BEFORE_CURRENT),
    ([FULL], grant(1, NEXT_WEEK), Reason.BALANCE_TOO_LARGE),
]


@pytest.mark.parametrize(("known", "ask", "reason"), WRONG_FROM_HERE_ON)
def test_grant_poc_is_refused_for_the_first_reason_that_applies(
    known: list[Entity], ask: GrantPoc, reason: Reason
) -> None:
    given(*known).when(ask).then(refused(ask, reason))


def test_grant_poc_is_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for *_, reason in WRONG_FROM_HERE_ON) == REFUSALS[GrantPoc]
