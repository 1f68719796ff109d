"""What the tests of hold's rules start from: an instant, some accounts, and the short way to say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from services.hold.held import ProductHold
from services.hold.rules import RULES
from services.hold.state import Account, CreditWallet, PocWallet
from tests.support.spec import Spec

AT: Final = datetime(2026, 3, 6, 2, 0, 30, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
TODAY: Final = AT.replace(second=0)  # to the minute, as every end is
TOMORROW: Final = TODAY + DAY
NEXT_WEEK: Final = TODAY + 7 * DAY
YESTERDAY: Final = TODAY - DAY

given: Final = Spec("hold", RULES, AT).given


NO_CREDIT: Final = CreditWallet()
POSTPAID: Final = Account("acme", "postpaid", "billing@acme.example")


def account(
    *,
    credit: CreditWallet = NO_CREDIT,
    poc: PocWallet | None = None,
    transactions: int = 0,
    holds: tuple[ProductHold, ...] = (),
) -> Account:
    """acme, prepaid."""
    return Account("acme", "prepaid", "billing@acme.example", credit, poc, transactions, holds)
