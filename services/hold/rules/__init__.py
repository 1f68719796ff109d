"""What `hold` decides, by meaning: `accounts`, `wallets` (money in), `charges` (orders paid and given back), `holds` (credit in
reserve for orders), `meters` (what is used), `settling` (invoices); and when time passes, `days` and `ending` (POC wallets).

Each command is answered with exactly one event: what happened, or a refusal with the first reason that applies, in
the order in which `reasons.REFUSALS` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.hold.rules.accounts import open_account
from services.hold.rules.answers import REFUSED_WITH, snapshot
from services.hold.rules.charges import give_back, place_charge
from services.hold.rules.days import close_day, in_time
from services.hold.rules.ending import check_poc_wallets
from services.hold.rules.holds import place_hold, release_hold
from services.hold.rules.meters import configured, ended, sized
from services.hold.rules.reserving import free_reserve, place_payment, reserve_credit
from services.hold.rules.settling import pay_from, settle
from services.hold.rules.wallets import extend_poc, grant_poc, top_up
from shared.contracts.charges import GiveBack, PayFrom, PlaceCharge, PlaceHold, ReleaseHold, Settle
from shared.contracts.ends import ResourceReleased, ResourceSuspended
from shared.contracts.hold import ExtendPoc, GrantPoc, OpenAccount, TopUp
from shared.contracts.holding import CheckPocWallets, CloseDay
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceDeleted,
    ResourceRecovered,
    ResourceResized,
    UsageReported,
)
from shared.contracts.message import Message
from shared.contracts.reserving import FreeReserve, PlacePayment, ReserveCredit
from shared.engine.decision import Rule

__all__ = ["REFUSED_WITH", "RULES", "snapshot"]

_OF_AN_ACCOUNT: Final[Mapping[type[Message], Rule]] = {
    TopUp: top_up,
    GrantPoc: grant_poc,
    ExtendPoc: extend_poc,
    PlaceCharge: place_charge,
    PlaceHold: place_hold,
    ReleaseHold: release_hold,
    GiveBack: give_back,
    Settle: settle,
    PayFrom: pay_from,
    ReserveCredit: reserve_credit,
    FreeReserve: free_reserve,
    PlacePayment: place_payment,
    ResourceCreated: configured,
    ResourceConverted: configured,
    ResourceRecovered: configured,
    ResourceResized: configured,
    UsageReported: sized,
    ResourceDeleted: ended,
    ResourceSuspended: ended,
    ResourceReleased: ended,
}

RULES: Final[Mapping[type[Message], Rule]] = {
    OpenAccount: open_account,
    **{message: in_time(rule) for message, rule in _OF_AN_ACCOUNT.items()},
    CloseDay: close_day,
    CheckPocWallets: check_poc_wallets,
}
