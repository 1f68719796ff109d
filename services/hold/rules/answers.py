"""How `hold` says things: refusals, and the account as everyone may know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.hold.held import ProductHold
from services.hold.reasons import Reason
from services.hold.state import Account, CreditWallet, PocWallet
from shared.contracts import charges, reserving
from shared.contracts import hold as says
from shared.contracts.message import MOST_VND, Command, Event
from shared.engine.decision import Cause, Decision, said

REFUSED_WITH: Final[Mapping[type[Command], type[Event]]] = {
    says.OpenAccount: says.AccountRefused,
    says.TopUp: says.TopUpRefused,
    says.GrantPoc: says.PocGrantRefused,
    says.ExtendPoc: says.PocExtensionRefused,
    charges.PlaceCharge: charges.ChargeRefused,
    charges.PlaceHold: charges.HoldRefused,
    charges.ReleaseHold: charges.ReleaseRefused,
    charges.GiveBack: charges.GiveBackRefused,
    charges.Settle: charges.SettleRefused,
    charges.PayFrom: charges.PayRefused,
    reserving.ReserveCredit: reserving.ReserveRefused,
    reserving.FreeReserve: reserving.FreeRefused,
    reserving.PlacePayment: charges.ChargeRefused,
}


def answered(event: type[Event], ask: Command, **more: object) -> Event:
    """The event that tells what was asked as done."""
    return event.model_validate(dict(ask) | more)


def refused(ask: Command, reason: Reason, cause: Cause, **more: int) -> Decision:
    """A refusal repeats what was asked, and says why not."""
    why = {"reason": reason.value, "explanation": reason.sentence, "effective_at": cause.at}
    return said(REFUSED_WITH[type(ask)].model_validate(dict(ask) | why | more))


def snapshot(account: Account) -> says.Account:
    """The account as everyone may know it."""
    return says.Account(
        account=account.id,
        mode=account.mode,
        email=account.email,
        credit=credit_said(account.credit),
        poc=None if account.poc is None else poc_said(account.poc),
        holds=tuple(map(hold_said, account.holds)),
    )


def credit_said(credit: CreditWallet) -> says.Credit:
    """The credit wallet as everyone may know it."""
    return says.Credit(total=credit.total, held=credit.held, available=credit.available)


def poc_said(poc: PocWallet) -> says.Poc:
    """The POC wallet as everyone may know it."""
    return says.Poc(granted=poc.granted, balance=poc.left, until=poc.until, enabled=not poc.ended)


def hold_said(hold: ProductHold) -> says.ProductHold:
    """What is held for a product as everyone may know it."""
    return says.ProductHold(
        product=hold.product,
        actual=hold.actual,
        estimate=hold.estimate,
        held=hold.held,
        debt=min(hold.debt, MOST_VND),
        debt_days=hold.debt_days,
        counted_until=hold.counted_until,
    )
