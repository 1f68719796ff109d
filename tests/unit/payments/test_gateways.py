"""What every gateway's adapter must do, played against that gateway's own side: one suite, which both pass."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.sandbox.payer import acted
from services.payments.gateways.momo import Momo
from services.payments.gateways.port import Forged, Refund, Response, Told
from tests.unit.payments.merchants import AT, ORDER, PAYMENT, Pair, account, pair, with_keys

OTHER = "0195668e-26c0-7d40-9f5e-3b1c5a1d7e12"
_REFUND = Refund(OTHER, "", 300_000, AT)


@pytest.fixture(params=["momo", "zalopay"])
def at(request: pytest.FixtureRequest) -> Pair:
    return pair(request.param)


def test_a_payment_is_made_and_can_be_paid_on_a_page(at: Pair) -> None:
    told = at.ours.created(PAYMENT, at.sent(at.ours.create(PAYMENT)))
    (entry,) = at.ledger.entries.values()
    assert (told.order, told.outcome) == (ORDER, "pending")
    assert told.pay_url == f"http://sandbox/pay/{entry.id}"
    assert (entry.amount, entry.callback_url) == (724_000, "http://door/callbacks")
    assert entry.expires_at == AT + timedelta(minutes=15)


def test_a_payment_is_made_once_however_often_it_is_asked_for(at: Pair) -> None:
    at.made()
    again = at.ours.created(PAYMENT, at.sent(at.ours.create(PAYMENT)))
    assert (again.outcome, again.pay_url) == ("pending", ""), "the page is told once"
    assert len(at.ledger.entries) == 1


def test_a_payment_the_gateway_does_not_take_has_failed(at: Pair) -> None:
    refused = {"momo": {"resultCode": 22}, "zalopay": {"return_code": 2, "sub_return_code": -92}}[at.name]
    told = at.ours.created(PAYMENT, Response(200, json.dumps(refused).encode()))
    assert told.outcome == "failed"


@pytest.mark.parametrize("status", [500, 200])
def test_an_answer_that_says_nothing_is_unclear(at: Pair, status: int) -> None:
    for body in (b"<html>", b"[]", b"", b"{}", b"{", b"[" * 16_000):
        response = Response(status, body)
        assert at.ours.created(PAYMENT, response).outcome == "unclear"
        assert at.ours.queried(PAYMENT, response).outcome == "unclear"
        assert at.ours.refunded(response) == "unclear"


def test_a_query_tells_how_it_stands(at: Pair) -> None:
    def outcome() -> Told:
        return at.ours.queried(PAYMENT, at.sent(at.ours.query(PAYMENT, AT)))

    assert outcome().outcome == "absent"
    entry = at.ledger.entries[at.made()]
    assert outcome().outcome == "pending"
    entry.status = "declined"
    assert outcome().outcome == "failed"
    entry.status = "paid"
    paid = outcome()
    assert (paid.outcome, paid.amount, paid.transaction) == ("paid", 724_000, str(entry.transaction))


def test_an_answer_that_blames_how_it_was_asked_does_not_end_a_payment(at: Pair) -> None:
    at.made()
    key = {"momo": "resultCode", "zalopay": "sub_return_code"}[at.name]
    for code in {"momo": (11, 13), "zalopay": (-401, -402)}[at.name]:
        blamed = {"return_code": 2, key: code, "orderId": ORDER}
        response = Response(200, json.dumps(blamed).encode())
        assert at.ours.created(PAYMENT, response).outcome == "unclear"
        assert at.ours.queried(PAYMENT, response).outcome == "unclear"


def test_a_refund_is_paid_back_once(at: Pair) -> None:
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    refund = _REFUND._replace(transaction=str(entry.transaction))
    answers = [at.ours.refunded(at.sent(at.ours.refund(refund))) for _ in range(2)]
    assert answers == ["done", "done"]
    assert sum(entry.refunds.values()) == 300_000


def test_a_refund_of_more_than_was_paid_is_refused(at: Pair) -> None:
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    refund = Refund(OTHER, str(entry.transaction), 724_001, AT)
    assert at.ours.refunded(at.sent(at.ours.refund(refund))) == "refused"


@pytest.mark.parametrize("amount", [999, 50_000_001])
def test_a_refund_outside_of_what_the_gateway_pays_back_is_not_asked_for(at: Pair, amount: int) -> None:
    entry = at.ledger.entries[at.made()]
    entry.status, entry.amount = "paid", 60_000_000
    refund = Refund(OTHER, str(entry.transaction), amount, AT)
    with pytest.raises(ValueError, match="VND"):
        at.ours.refund(refund)
    at.ours.least, at.ours.most = amount, amount
    assert at.ours.refunded(at.sent(at.ours.refund(refund))) == "refused"


def test_a_refund_of_no_transaction_is_not_asked_for(at: Pair) -> None:
    with pytest.raises(ValueError, match="transaction"):
        at.ours.refund(_REFUND)


def test_a_refund_may_be_under_way(at: Pair) -> None:
    under_way = {"momo": {"resultCode": 7002}, "zalopay": {"return_code": 3}}[at.name]
    assert at.ours.refunded(Response(200, json.dumps(under_way).encode())) == "pending"


def test_a_callback_tells_what_was_paid(at: Pair) -> None:
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    told = at.ours.callback(at.told(entry.id))
    assert told == Told(ORDER, "paid", 724_000, str(entry.transaction), code=told.code)


def test_a_payment_has_one_number_however_it_is_told_and_another_payment_of_the_order_has_another(
    at: Pair,
) -> None:
    at.ledger.ways = ("pays_twice",)
    entry = at.ledger.entries[at.made()]
    first, second = (at.ours.callback(body) for body in acted(at.theirs, entry, AT))
    asked = at.ours.queried(PAYMENT, at.sent(at.ours.query(PAYMENT, AT)))
    assert first.transaction == asked.transaction != second.transaction != ""
    assert first._replace(transaction="") == second._replace(transaction="")
    assert at.ledger.received == 2 * PAYMENT.amount


def test_nothing_is_paid_without_its_number(at: Pair) -> None:
    code = {"momo": {"resultCode": 0, "orderId": ORDER}, "zalopay": {"return_code": 1}}[at.name]
    for number in ({}, {"transId": "", "zp_trans_id": ""}, {"transId": True, "zp_trans_id": None}):
        answer = Response(200, json.dumps({**code, "amount": 724_000, **number}).encode())
        assert at.ours.queried(PAYMENT, answer).outcome == "unclear"


def test_a_callback_with_any_byte_altered_is_forged_or_tells_the_same(at: Pair) -> None:
    """A byte may lie outside of what is signed (a space between fields, the ZaloPay type): then nothing else is told."""
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    body = at.told(entry.id)
    true = at.ours.callback(body)
    forged = 0
    for place in range(len(body)):
        altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        try:
            assert at.ours.callback(altered) == true
        except Forged:
            forged += 1
    assert forged > len(body) * 0.8


@pytest.mark.parametrize(("was", "now"), [("724000", "924000"), ("7d40", "7d41")])
def test_a_callback_for_another_amount_or_order_is_forged(at: Pair, was: str, now: str) -> None:
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    body = at.told(entry.id).decode()
    assert was in body
    with pytest.raises(Forged, match="signature"):
        at.ours.callback(body.replace(was, now).encode())


def test_a_callback_signed_with_another_key_is_forged(at: Pair) -> None:
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    with pytest.raises(Forged, match="signature"):
        at.ours.callback(at.told(entry.id, forged=True))


def test_two_keys_are_good_while_they_are_changed_and_an_old_one_is_not_afterwards(at: Pair) -> None:
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    body = at.told(entry.id)
    for keys in (("callback-key",), ("callback-key", "new"), ("new", "callback-key")):
        assert with_keys(at.name, *keys).callback(body).outcome == "paid"
    with pytest.raises(Forged, match="signature"):
        with_keys(at.name, "new").callback(body)


def test_two_access_keys_are_good_while_they_are_changed() -> None:
    at = pair("momo")
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    body = at.told(entry.id)
    for keys in (("access",), ("access", "new"), ("new", "access")):
        assert Momo(replace(account("momo"), access_keys=keys)).callback(body).outcome == "paid"
    with pytest.raises(Forged, match="signature"):
        Momo(replace(account("momo"), access_keys=("new",))).callback(body)


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"{}", b"null", b'{"data": 1, "mac": 2}', b"[" * 16_000]
)
def test_a_callback_in_no_form_is_forged(at: Pair, body: bytes) -> None:
    with pytest.raises(Forged):
        at.ours.callback(body)


@pytest.mark.parametrize("nth", [0, 1])
def test_half_a_character_is_signed_by_nobody(at: Pair, nth: int) -> None:
    field = {"momo": ("orderInfo", "signature"), "zalopay": ("data", "mac")}[at.name][nth]
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    body = json.loads(at.told(entry.id))
    with pytest.raises(Forged, match="signature"):
        at.ours.callback(json.dumps(body | {field: "\ud800"}).encode())


def test_a_callback_for_another_merchant_is_forged(at: Pair) -> None:
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    other = type(at.ours)(replace(account(at.name), merchant="9999"))
    with pytest.raises(Forged, match="merchant"):
        other.callback(at.told(entry.id))


def test_a_callback_is_answered_as_the_gateway_wants_it(at: Pair) -> None:
    ours = at.ours
    answers = [ours.taken(again=False), ours.taken(again=True), ours.refused(), ours.not_now()]
    found = [(each.status, json.loads(each.body)["return_code"] if each.body else None) for each in answers]
    wanted = {
        "momo": [(204, None), (204, None), (400, None), (503, None)],
        "zalopay": [(200, 1), (200, 2), (200, -1), (200, 0)],
    }
    assert found == wanted[at.name]


def test_zalopay_names_the_day_as_it_is_in_hanoi() -> None:
    """18:30 in UTC is the next day there."""
    assert pair("zalopay").made().startswith("260307_")


def test_zalopay_leaves_out_nothing_that_identifies_an_order() -> None:
    assert len(pair("zalopay").made()) == 39, "40 characters are the most there can be"


def test_momo_tells_of_what_was_declined() -> None:
    at = pair("momo")
    entry = at.ledger.entries[at.made()]
    entry.status = "declined"
    assert at.ours.callback(at.told(entry.id)).outcome == "failed"
