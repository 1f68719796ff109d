"""A mail's words: made from readable templates, one a kind and language, as text and as HTML that say the same.

Whatever a fact says is text: in HTML it is escaped, and no subject has a line break. A template that names what is not
there fails instead of leaving a gap.
"""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shared.contracts.notify import Facts, Language, MailItem, MailKind
from shared.period import HANOI

TEMPLATES: Final = Path(__file__).with_name("templates")

# As wide as a line of text mail is read without being broken again.
_WIDE: Final = 76
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_BLANKS: Final = re.compile(r"\n{3,}")
# All of them but the end of a line: a terminal would obey them.
_OBEYED: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_UNPRINTED: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Words(NamedTuple):
    """A mail as it is read."""

    subject: str
    text: str
    html: str


class Table(NamedTuple):
    """Rows under their names."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def render(
    kind: MailKind, language: Language, account: str, facts: Facts, at: datetime, *, link: str | None = None
) -> Words:
    """The words of a mail; `link` is the signed one, where the kind has one."""
    said = {
        "f": facts,
        "account": account,
        "at": at,
        "link": link or facts.link,
        "words": words(language),
        "table": lambda items: table(items, language),
    }
    text, html = (_block(medium, language, kind, "body", said) for medium in ("text", "html"))
    subject = one_line(_block("text", language, kind, "subject", said))
    page = {**said, "subject": subject}
    return Words(
        subject,
        _page("text", language, {**page, "body": text}),
        _page("html", language, {**page, "body": html}),
    )


def one_line(text: str) -> str:
    """The text on one line, with nothing in it that no printer prints."""
    return " ".join(_UNPRINTED.sub(" ", text).split())


def vnd(amount: int, language: Language) -> str:
    """An amount as people write it: 1.234.567 đ, or VND 1,234,567."""
    digits = f"{abs(amount):,}"
    sign = "-" if amount < 0 else ""
    return f"{sign}{digits.replace(',', '.')} đ" if language == "vi" else f"{sign}VND {digits}"


def instant(at: datetime, language: Language) -> str:
    """An instant as the clock in Hanoi shows it: 05/04/2026 09:00, or 5 April 2026, 09:00."""
    there = at.astimezone(HANOI)
    if language == "vi":
        return f"{there:%d/%m/%Y %H:%M}"
    return f"{there.day} {_MONTHS[there.month - 1]} {there.year}, {there:%H:%M}"


def table(items: Sequence[MailItem], language: Language) -> Table:
    """What is told of these, one a row: the columns that any of them has."""
    cells: dict[str, Callable[[MailItem], str | None]] = {
        "resource": lambda item: item.resource,
        "product": lambda item: named(item.product, "products", language) if item.resource is None else None,
        "kind": lambda item: named(item.kind, "kinds", language),
        "flavor": _flavor,
        "number": lambda item: item.number,
        "amount": lambda item: None if item.amount is None else vnd(item.amount, language),
        "until": lambda item: None if item.until is None else instant(item.until, language),
        "reason": lambda item: why(item.reason, item.explanation, language),
    }
    shown = [name for name, cell in cells.items() if any(cell(item) for item in items)]
    columns: Mapping[str, str] = words(language)["columns"]
    return Table(
        tuple(columns[name] for name in shown),
        tuple(tuple(cells[name](item) or "" for name in shown) for item in items),
    )


def counted(count: int, one: str, more: str = "") -> str:
    """So many of a thing, in English: 1 resource, 2 resources."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def named(code: str | None, group: str, language: Language) -> str | None:
    """What people call it; its own name, where it has no other."""
    return None if code is None else str(words(language)[group].get(code, code))


def why(reason: str | None, explanation: str | None, language: Language) -> str | None:
    """A reason as a sentence: in the reader's language where there is one, else as it was given."""
    if reason is None:
        return None
    return str(words(language)["reasons"].get(reason, explanation or reason))


@cache
def words(language: Language) -> Mapping[str, Any]:
    """What things are called in a language."""
    return tomllib.loads((TEMPLATES / language / "words.toml").read_text())


def _flavor(item: MailItem) -> str | None:
    if item.flavor is None or (item.quantity or 1) == 1:
        return item.flavor
    return f"{item.flavor} x {item.quantity}"


def _block(medium: str, language: Language, kind: MailKind, block: str, said: Mapping[str, Any]) -> Any:
    environment = _environment(medium, language)
    template = environment.get_template(f"{language}/{kind}.j2")
    context = template.new_context({**said, "say": environment.get_template(f"{medium}.j2").module})
    return _BLANKS.sub("\n\n", "".join(template.blocks[block](context))).strip()


def _page(medium: str, language: Language, said: Mapping[str, Any]) -> str:
    page = _environment(medium, language).get_template(f"{medium}_page.j2")
    if medium == "html":
        # The body is HTML by now: all that came from a fact is escaped in it.
        said = {**said, "body": Markup(said["body"])}  # noqa: S704 - made by an escaping template
    return _OBEYED.sub(" ", page.render(said))


@cache
def _environment(medium: str, language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=medium == "html",  # noqa: S701 - text is not escaped
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["zip"] = zip
    environment.filters |= {
        "vnd": lambda amount: vnd(amount, language),
        "instant": lambda at: instant(at, language),
        "kind": lambda code: named(code, "kinds", language),
        "product": lambda code: named(code, "products", language),
        "pay": lambda code: named(code, "pays", language),
        "count": counted,
        "why": lambda reason, explanation: why(reason, explanation, language),
        "filled": lambda text: textwrap.fill(" ".join(str(text).split()), _WIDE, break_long_words=False, break_on_hyphens=False),
    }  # fmt: skip
    return environment
