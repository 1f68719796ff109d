"""Every mail in every language, as text and as HTML: all its facts in it, written as people write them, and nothing of
what a fact says is obeyed by who shows it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Final, get_args

import pytest
from jinja2 import UndefinedError

from deploy.mail.samples import SAMPLES
from services.checkout.reasons import Reason as CheckoutReason
from services.lifecycle.reasons import REFUSALS as LIFECYCLE_REFUSALS
from services.notify.rendering import TEMPLATES, instant, one_line, render, vnd, why, words
from shared import catalogue
from shared.contracts.checkout import PaidBy
from shared.contracts.notify import Facts, Language, MailItem, MailKind
from shared.contracts.resources import (
    ConvertCluster,
    ConvertResource,
    CreateResource,
    ExpireResource,
    RecoverResource,
    RenewResource,
    ResizeResource,
)

AT: Final = datetime(2026, 3, 6, 2, 0, 30, tzinfo=UTC)
KINDS: Final[tuple[MailKind, ...]] = get_args(MailKind)
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
LINK: Final = "https://billing.example/confirm?token=abc"

every_language = pytest.mark.parametrize("language", LANGUAGES)

# Which facts a mail need not show: said in other words, or only to find it by.
UNSAID: Final = {
    "invitation",
    "wallet",
    "auto_renew",
    "reason",
    "explanation",
    "paid",
    "days",
    "order",
    "subject",
    "pay",
}


def without_tags(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html.partition("<body")[2]))


def shown(facts: Facts, language: Language) -> set[str]:
    """How each fact must be found in a mail."""
    told: set[str] = set()
    for name, value in facts:
        if value is None or name in UNSAID | {"items", "not_done"}:
            continue
        told |= _shown(name, value, language)
    for item in (*facts.items, *facts.not_done):
        for name, value in item:
            if value is not None and name not in {"reason", "explanation", "product", "quantity"}:
                told |= _shown(name, value, language)
        if item.reason:
            told.add(str(why(item.reason, item.explanation, language)))
    return told


def _shown(name: str, value: object, language: Language) -> set[str]:
    if isinstance(value, datetime):
        return {instant(value, language)}
    if name in {"done", "failed", "left", "more"}:
        return {str(value)} if value else set()
    if isinstance(value, int):
        return {vnd(value, language)} if value else set()
    if name in {"kind", "product"}:
        return {str(words(language)[f"{name}s"][value])}
    return {str(value)}


@every_language
@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_says_all_its_facts_in_text_and_in_html(kind: MailKind, language: Language) -> None:
    for facts in SAMPLES[kind]:
        read = render(kind, language, "acme", facts, AT, link=LINK)
        for page in (read.text, without_tags(read.html)):
            said = one_line(f"{read.subject} {page}")
            missing = {each for each in shown(facts, language) if one_line(each) not in said}
            assert not missing, page
            assert "acme" in said
            assert "None" not in said
            assert "{" not in said
        assert read.subject == one_line(read.subject) != ""
        assert (LINK in read.text) == (kind in {"confirm_recipient", "payment_link"})


@every_language
def test_there_is_a_template_for_every_mail_and_no_other(language: Language) -> None:
    names = {path.stem for path in (TEMPLATES / language).glob("*.j2") if not path.stem.startswith("_")}
    assert names == set(KINDS) == set(SAMPLES)


def test_no_mail_is_alike_in_both_languages() -> None:
    for kind in KINDS:
        vi, en = (render(kind, language, "acme", SAMPLES[kind][0], AT, link=LINK) for language in LANGUAGES)
        assert vi.subject != en.subject
        assert vi.text != en.text


def test_money_and_instants_are_written_as_people_write_them() -> None:
    assert [vnd(amount, "vi") for amount in (0, 999, 1_234_567, -54_300)] == [
        "0 đ",
        "999 đ",
        "1.234.567 đ",
        "-54.300 đ",
    ]
    assert [vnd(amount, "en") for amount in (0, 1_234_567, -54_300)] == [
        "VND 0",
        "VND 1,234,567",
        "-VND 54,300",
    ]
    at = datetime(2026, 4, 30, 17, 0, tzinfo=UTC)
    assert (instant(at, "vi"), instant(at, "en")) == ("01/05/2026 00:00", "1 May 2026, 00:00")


HOSTILE: Final = "</td><script>alert(1)</script>\r\nBcc: all@acme.example\x1b[2J{{ 7 * 7 }}"


@every_language
@pytest.mark.parametrize("kind", ["auto_renew_failed", "created", "poc_stopped"])
def test_what_a_fact_says_is_shown_and_not_obeyed(kind: MailKind, language: Language) -> None:
    facts = SAMPLES[kind][0].model_copy(
        update={
            "resource": HOSTILE, "subject": HOSTILE, "flavor": HOSTILE, "reason": "unheard_of", "explanation": HOSTILE,
            "items": [MailItem(resource="srv-1", flavor=HOSTILE)],
            "not_done": [MailItem(resource="srv-1", reason="unheard_of", explanation=HOSTILE)],
        }
    )  # fmt: skip
    read = render(kind, language, HOSTILE, facts, AT, link=HOSTILE)
    assert "<script>" not in read.html
    assert "&lt;script&gt;" in read.html
    assert "49" not in read.text
    assert not re.search(r"[\r\n\x1b]", read.subject)
    assert "\x1b" not in read.text + read.html


def test_a_mail_whose_facts_are_missing_fails_instead_of_leaving_a_gap() -> None:
    with pytest.raises((TypeError, UndefinedError)):
        render("hold_short", "vi", "acme", Facts(), AT)


@every_language
def test_everything_that_is_named_has_a_name(language: Language) -> None:
    named = words(language)
    assert set(named["kinds"]) == set(catalogue.KINDS)
    assert set(named["products"]) == {catalogue.of(kind).product for kind in catalogue.KINDS}
    assert set(named["pays"]) == set(get_args(PaidBy))


def test_every_reason_a_customer_can_be_given_has_a_vietnamese_sentence() -> None:
    asked = (
        CreateResource,
        ConvertResource,
        ConvertCluster,
        RenewResource,
        ResizeResource,
        RecoverResource,
        ExpireResource,
    )
    given = {reason.value for command in asked for reason in LIFECYCLE_REFUSALS[command]}
    given |= {CheckoutReason.PRICE_UNKNOWN.value, CheckoutReason.AMOUNT_TOO_LARGE.value, "credit_short"}
    assert given - set(words("vi")["reasons"]) == set()
    assert why("unheard_of", "As it was given.", "vi") == "As it was given."
    assert why("unheard_of", None, "en") == "unheard_of"
