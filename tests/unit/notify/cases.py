"""What the tests of notify's rules start from: an account, events of other services, and the short way to say them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from services.notify.rules import RULES
from services.notify.state import Account, Letter
from shared import ids
from shared.contracts.message import Message
from shared.contracts.notify import Facts, Language, MailKind, MailRequested
from shared.contracts.orders import OrderCompleted
from shared.engine.decision import Cause
from tests.support.spec import Case, Spec, cause_id

AT: Final = datetime(2026, 3, 6, 2, 0, 30, tzinfo=UTC)
OWNER: Final = "billing@acme.example"
ORDER: Final = str(OrderCompleted.example["order"])
DAY: Final = timedelta(days=1)

given: Final = Spec("notify", RULES, AT).given

M = TypeVar("M", bound=Message)


def account(**changes: Any) -> Account:
    """acme, whose owner is known."""
    return Account(**{"id": "acme", "owner": OWNER} | changes)


def heard(message: type[M], **changes: Any) -> M:
    """An event as its example tells it, but for what is named."""
    told = message.model_validate_json(json.dumps(message.example))
    return message.model_validate({**dict(told), **changes})


def mail_of(number: int) -> str:
    """The id of the mail that tells the number-th event asked."""
    return Cause(cause_id(number), "notify", AT).derive("mail")


def mail_of_order(kind: MailKind, at: datetime) -> str:
    """The id of an order's mail of that kind."""
    return ids.derived_id(ORDER, f"mail/{kind}", int(at.timestamp() * 1000))


def mail(
    id_: str, kind: MailKind, facts: Facts, at: datetime, *, to: tuple[str, ...] = (OWNER,), language: Language = "vi"
) -> MailRequested:  # fmt: skip
    """The mail as it is asked for."""
    return MailRequested(
        mail=id_, account="acme", to=list(to), language=language, kind=kind, facts=facts, effective_at=at
    )


def letters(*mails: MailRequested) -> list[Letter]:
    """What is to be sent of these."""
    return [
        Letter(each.mail, to, each.account, each.kind, each.language, each.facts, each.effective_at)
        for each in mails
        for to in each.to
    ]


def mails(case: Case) -> list[MailRequested]:
    """Every mail that was asked for."""
    return [said for each in case.decisions for said in each.says if isinstance(said, MailRequested)]
