"""What time brings to a POC wallet: warnings before its end, and the end, each at its very instant, however late it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from services.hold.rules.answers import poc_said
from services.hold.rules.booking import poc_expiry
from services.hold.state import Account, PocDue, Transaction
from shared.contracts.hold import Poc
from shared.contracts.holding import CheckPocWallets, PocWalletEnded, PocWalletEnding
from shared.contracts.message import Event
from shared.engine.decision import Cause, Decision, Entity, Known, sliced


class Passed(NamedTuple):
    """An account after what fell due of its POC wallet has happened, what that booked, and what is told of it."""

    account: Account
    booked: tuple[Transaction, ...] = ()
    says: tuple[Event, ...] = ()


def check_poc_wallets(ask: CheckPocWallets, known: Known, cause: Cause) -> Decision:
    """Whatever fell due up to that minute happens to the POC wallets of the slice."""
    changed: list[Entity] = []
    booked: list[Transaction] = []
    says: list[Event] = []
    for key in sliced(known, cause):
        account = known.get(Account, key)
        if account is not None and (passed := time_passed(account, ask.effective_at, cause)).says:
            changed.append(passed.account)
            booked += passed.booked
            says += passed.says
    return Decision(tuple(changed), tuple(booked), tuple(says))


def time_passed(account: Account, until: datetime, cause: Cause) -> Passed:
    """The account as it is at that instant, all that fell due of its POC wallet by then having happened, in order."""
    passed = Passed(account)
    while (due := _due(passed.account, until)) is not None:
        after, booked, said = _warned(passed.account, due) if due.days else _ended(passed.account, due, cause)
        passed = Passed(after, (*passed.booked, *booked), (*passed.says, *said))
    return passed


def _due(account: Account, until: datetime) -> PocDue | None:
    due = None if account.poc is None else account.poc.due
    return due if due is not None and due.at <= until else None


def _warned(account: Account, due: PocDue) -> Passed:
    assert account.poc is not None, "nothing is due of none"
    poc = account.poc.told(due.at)
    told = PocWalletEnding(account=account.id, days=due.days, poc=poc_said(poc), effective_at=due.at)
    return Passed(account.with_poc(poc), (), (told,))


def _ended(account: Account, due: PocDue, cause: Cause) -> Passed:
    """All that is left expires at that instant, and the wallet pays nothing any more."""
    assert account.poc is not None, "nothing is due of none"
    expired = account.poc.left
    account, booked = poc_expiry(
        account.with_poc(replace(account.poc.told(due.at), ended=True)), due.at, cause
    )
    told = PocWalletEnded(account=account.id, expired=expired, poc=_said(account), effective_at=due.at)
    return Passed(account, booked, (told,))


def _said(account: Account) -> Poc:
    assert account.poc is not None, "it has just ended"
    return poc_said(account.poc)
