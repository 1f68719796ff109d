"""The rules of the house, as tests: a rule that is not a test is a wish."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import PurePath

from shared.contracts.registry import REGISTRY
from tests.house.house import ROOT, Source, committed, sources

CODE = ("shared/", "services/", "deploy/")
MOST_LINES_OF_A_FILE = 330
MOST_LINES_OF_A_TEST_FILE = 450
MOST_LINES_OF_A_FUNCTION = 55

# Where failures are sorted, or where whatever is raised must be told on: nowhere else is everything caught.
MAY_CATCH_ALL = {
    "shared/engine/batch.py",
    "shared/engine/worker.py",
    "shared/engine/upkeep.py",
    "shared/engine/unparking.py",
}
MAY_USE_ASYNCPG = re.compile(r"shared/engine/|services/\w+/(store|books)\.py|deploy/")


def calls(found: list[str]) -> None:
    """Fails with what was found."""
    assert not found, "\n" + "\n".join(found)


def test_the_engine_knows_no_service() -> None:
    names = re.compile(
        rf"\b(billing\.)?({'|'.join(REGISTRY.services)})\.|['\"]({'|'.join(REGISTRY.services)})['\"]"
    )
    calls(
        [
            f"{source.path}: {found[0]}"
            for source in sources("shared/engine/")
            for found in names.finditer(source.text)
        ]
    )
    imported = {name for source in sources("shared/engine/") for name in source.imports()}
    assert not {name for name in imported if name.startswith("services") or name.endswith(REGISTRY.services)}


def test_only_the_database_rooms_touch_the_database() -> None:
    calls(
        [
            source.path
            for source in sources(*CODE)
            if any(name.split(".")[0] == "asyncpg" for name in source.imports())
            and not MAY_USE_ASYNCPG.match(source.path)
        ]
    )


def _catches_all(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(one is None or ast.unparse(one) in {"Exception", "BaseException"} for one in caught)


def _goes_on(handler: ast.ExceptHandler) -> bool:
    return not (isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None)


def test_everything_is_caught_in_the_sorted_places_only() -> None:
    calls(
        [
            f"{source.path}:{node.lineno}"
            for source in sources(*CODE)
            if source.path not in MAY_CATCH_ALL
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ExceptHandler) and _catches_all(node) and _goes_on(node)
        ]
    )


def test_no_float_is_near_money() -> None:
    calls(
        [
            f"{source.path}:{node.lineno}"
            for source in sources("services/", "shared/money", "shared/terms", "shared/period", "shared/catalogue", "shared/contracts/parts")
            for node in ast.walk(source.tree)
            if (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Name) and node.id == "float")
            # A quotient of whole numbers is a float; a path is put together with the same sign.
            or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and "pathlib" not in source.imports())
        ]
    )  # fmt: skip


def _most_lines(path: str) -> int:
    return MOST_LINES_OF_A_TEST_FILE if path.startswith("tests/") else MOST_LINES_OF_A_FILE


def test_files_and_functions_are_short() -> None:
    long = [
        f"{source.path}: {lines} lines"
        for source in sources()
        if (lines := source.text.count("\n")) > _most_lines(source.path)
    ]
    long += [
        f"{source.path}:{function.lineno} {function.name}: {lines} lines"
        for source in sources(*CODE)
        for function in source.functions()
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    ]
    calls(long)


def test_half_of_the_functions_are_under_ten_lines() -> None:
    lengths = sorted(
        (function.end_lineno or 0) - function.lineno + 1
        for source in sources(*CODE)
        for function in source.functions()
    )
    assert lengths[len(lengths) // 2] < 10


def test_every_module_says_what_it_is_for() -> None:
    calls([s.path for s in sources() if s.text.strip() and not ast.get_docstring(s.tree)])


def _comments(source: Source) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _is_code(comment: str) -> bool:
    text = comment.lstrip("# ")
    if text.startswith(("type:", "fmt:", "noqa")):
        return False
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    return any(
        not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call | ast.Await) for node in tree.body
    )


def test_comments_say_why_and_nothing_else() -> None:
    undone = re.compile(r"\b(TO" r"DO|FIX" r"ME|X{3}|HACK)\b|[-=#*]{6,}")
    calls(
        [
            f"{source.path}:{line} {comment}"
            for source in sources()
            for line, comment in _comments(source)
            if undone.search(comment) or _is_code(comment)
        ]
    )


def test_no_file_names_a_registry_or_this_machine() -> None:
    hosts = (
        "pypi" + r"\.org",
        "pythonhosted" + r"\.org",
        "registry" + r"\.npmjs",
        "repo1?" + r"\.maven",
        "repo\\.maven",
    )
    told = re.compile("|".join((*hosts, r"(?<![\w.])/(work|root|home/\w+)/")))
    found = []
    for name in committed():
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{name}: {match[0]}" for match in told.finditer(text)]
    calls(found)


def test_names_say_what_a_thing_is() -> None:
    empty = re.compile(r"manager|helper|util|processor|handler\d|misc", re.IGNORECASE)
    found = [name for name in committed() if empty.search(PurePath(name).name) and name.endswith(".py")]
    found += [
        f"{source.path}:{node.lineno} {node.name}"
        for source in sources(*CODE)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and empty.search(node.name)
    ]
    calls(found)


# Migrations make schemas and locks before there is a file to read; servers are asked for their databases and roles.
MAY_SAY_SQL = re.compile(r"shared/engine/migrate\.py|deploy/")


def test_sql_stands_in_sql_files() -> None:
    statement = re.compile(
        r"^\s*(select|insert into|update \w+ set|delete from|create|alter|with \w+ as)\b", re.IGNORECASE
    )
    calls(
        [
            f"{source.path}:{node.lineno} {node.value[:60]!r}"
            for source in sources("shared/", "services/")
            if not MAY_SAY_SQL.match(source.path)
            for node in _texts(source)
            if statement.match(node.value)
            and ("\n" in node.value or " from " in node.value or "$1" in node.value)
        ]
    )


class _Text(ast.Constant):
    value: str


def _texts(source: Source) -> Iterator[_Text]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node  # type: ignore[misc]  # a constant that is text


def test_every_statement_has_a_name() -> None:
    for name in committed():
        if name.endswith("queries.sql"):
            text = (ROOT / name).read_text()
            names = re.findall(r"^-- name: ([a-z]+(?:_[a-z]+)*)$", text, re.MULTILINE)
            assert names, name
            assert len(names) == len(set(names)) == text.count("-- name:"), name
