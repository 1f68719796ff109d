"""CheckPocWallets: what falls due of a POC wallet happens at its own instant, however late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.hold.state import Account, Entry, PocWallet, Transaction
from shared.contracts.charges import ChargeRefused, PlaceCharge
from shared.contracts.hold import ExtendPoc, GrantPoc, Poc
from shared.contracts.holding import CheckPocWallets, PocWalletEnded, PocWalletEnding
from shared.engine.decision import Slice
from tests.support.spec import Case, cause_id
from tests.unit.hold import cases
from tests.unit.hold.cases import MINUTE, account

# 30 April, 24:00 in Hanoi: it ends on 1 May. Granted on 1 April.
END = datetime(2026, 4, 30, 17, 0, tzinfo=UTC)
GRANTED = datetime(2026, 4, 1, tzinfo=UTC)
RUNNING = PocWallet(END, granted=1_000, spent=300, told_until=GRANTED)
# 08:00 in Hanoi, 7, 3 and 1 days before 1 May.
WARNED = {
    7: datetime(2026, 4, 24, 1, tzinfo=UTC),
    3: datetime(2026, 4, 28, 1, tzinfo=UTC),
    1: datetime(2026, 4, 30, 1, tzinfo=UTC),
}


def check(at: datetime) -> CheckPocWallets:
    return CheckPocWallets(period="2026-04-30T17:00Z", shard=3, effective_at=at)


def given(*accounts: Account) -> Case:
    """What is known, and a slice in which acme has its turn."""
    return cases.given(*accounts, Slice(cause_id(1), ("acme",)))


def ending(days: int) -> PocWalletEnding:
    poc = Poc(granted=1_000, balance=700, until=END, enabled=True)
    return PocWalletEnding(account="acme", days=days, poc=poc, effective_at=WARNED[days])


def ended(expired: int = 700) -> PocWalletEnded:
    poc = Poc(granted=1_000, balance=0, until=END, enabled=False)
    return PocWalletEnded(account="acme", expired=expired, poc=poc, effective_at=END)


def expiry(sequence: int = 1) -> Transaction:
    lines = (Entry("poc", -700, 0), Entry("poc_expired", 700))
    return Transaction("acme", sequence, "poc_expiry", cause_id(1), END, lines)


OVER = replace(RUNNING, expired=700, told_until=END, ended=True)


@pytest.mark.parametrize(("days", "before"), [(7, GRANTED), (3, WARNED[7]), (1, WARNED[3])])
def test_its_end_is_announced_7_3_and_1_days_before_at_eight(days: int, before: datetime) -> None:
    poc, at = replace(RUNNING, told_until=before), WARNED[days]
    given(account(poc=poc)).when(check(at - MINUTE), at=at - MINUTE).then()
    given(account(poc=poc)).when(check(at), at=at).then(ending(days), now=[account(poc=poc.told(at))])


def test_it_ends_at_its_very_instant_and_what_is_left_is_gone() -> None:
    poc = RUNNING.told(WARNED[1])
    given(account(poc=poc)).when(check(END - MINUTE), at=END - MINUTE).then()
    given(account(poc=poc)).when(check(END), at=END).then(
        ended(), now=[account(poc=OVER, transactions=1)], adds=[expiry()]
    )


def test_with_nothing_left_it_ends_and_nothing_is_booked() -> None:
    poc = replace(RUNNING, spent=1_000, told_until=WARNED[1])
    given(account(poc=poc)).when(check(END), at=END).then(
        ended(0), now=[account(poc=replace(poc, told_until=END, ended=True))]
    )


def test_what_was_missed_happens_in_order_each_at_its_own_instant() -> None:
    late = END + timedelta(days=4)
    given(account(poc=RUNNING)).when(check(late), at=late).then(
        *(ending(7), ending(3), ending(1), ended()),
        now=[account(poc=OVER, transactions=1)],
        adds=[expiry()],
    )


@pytest.mark.parametrize("known", [[], [account()], [account(poc=OVER)]])
def test_nothing_is_due_without_a_wallet_or_after_its_end(known: list[Account]) -> None:
    given(*known).when(check(END), at=END).then()


def test_of_a_wallet_of_which_nothing_is_known_only_the_end_is_due() -> None:
    assert PocWallet(END).due == (END, 0)


def test_a_wallet_that_has_ended_pays_nothing_and_is_not_extended_though_it_was_asked_in_time() -> None:
    ask = PlaceCharge(account="acme", order="o-1", wallet="poc", amount=1, effective_at=GRANTED)
    case = cases.given(account(poc=OVER)).when(ask, ExtendPoc(account="acme", until=END + MINUTE), at=GRANTED)
    (charge,), (extension,) = (decision.says for decision in case.decisions)
    assert isinstance(charge, ChargeRefused)
    assert (charge.reason, getattr(extension, "reason", None)) == ("poc_ended", "poc_ended")


def test_an_extension_before_the_end_moves_it_and_the_warnings_with_it() -> None:
    ask, at = ExtendPoc(account="acme", until=END + timedelta(days=30)), WARNED[3] + MINUTE
    case = cases.given(account(poc=RUNNING.told(WARNED[7]))).when(ask, at=at)
    assert case.decisions[0].says[0] == ending(3)
    after = case.decisions[0].changes[0]
    assert isinstance(after, Account)
    assert after.poc == replace(RUNNING, until=END + timedelta(days=30), told_until=at)
    assert after.poc.due == (WARNED[7] + timedelta(days=30), 7)


def test_a_grant_for_less_than_a_week_skips_the_warnings_that_are_past() -> None:
    at = WARNED[3] + MINUTE
    case = cases.given(account()).when(GrantPoc(account="acme", amount=5, until=END), at=at)
    after = case.decisions[0].changes[0]
    assert isinstance(after, Account)
    assert after.poc
    assert after.poc.due == (WARNED[1], 1)
