"""A file's document -> a scenario. The whole file is checked before anything runs; several faults are told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from deploy.simulate import fields
from deploy.simulate.asked import command_named, message_from
from deploy.simulate.document import Fault, Mapped, Node, read_document, shown
from deploy.simulate.expected import read_expect
from deploy.simulate.fields import optional, required
from deploy.simulate.gateway import Ways
from deploy.simulate.given import (
    fits,
    once,
    plan_entries,
    read_account,
    read_coupon,
    read_plan,
    read_price,
    read_standing,
    read_ways,
)
from deploy.simulate.local import written
from deploy.simulate.scenario import Expect, Scenario, Send, Step

T = TypeVar("T")

_SECTIONS: Final = ("scenario", "prices", "accounts", "coupons", "resources", "provider", "gateway", "steps")
_MOST_FAULTS: Final = 20
_MOST_COPIES: Final = 1000


class Faults(Exception):
    """All that was found wrong in a file, by line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: fault.line)[:_MOST_FAULTS]
        super().__init__("\n".join(map(str, self.faults)))


def parse(data: bytes) -> Scenario:
    """The scenario; `Faults` where the file is none."""
    gather = _Gather()
    try:
        document = read_document(data)
        scenario = _scenario(document, gather)
    except Fault as fault:
        raise Faults([fault, *gather.faults]) from None
    if gather.faults:
        raise Faults(gather.faults)
    return scenario


class _Gather:
    """Goes on after a fault, to tell the next one too."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def each(self, items: Iterable[T], read: Callable[[T], Any]) -> list[Any]:
        found = []
        for item in items:
            try:
                found.append(read(item))
            except Fault as fault:
                self.faults.append(fault)
        return found


def _scenario(document: Node, gather: _Gather) -> Scenario:
    if not isinstance(document, Mapped):
        raise Fault(
            document.line, f"a mapping with {', '.join(_SECTIONS)} was expected, not {fields.what(document)}"
        )
    fields.known_names(document, _SECTIONS, "a scenario")
    section = document.pairs.get
    steps_node = required(document, "steps", _filled_list, "a scenario")
    prices = gather.each(fields.entries(section("prices"), "prices"), read_price)
    accounts = gather.each(fields.entries(section("accounts"), "accounts"), read_account)
    coupons = gather.each(fields.entries(section("coupons"), "coupons"), read_coupon)
    steps = _steps(steps_node, gather)
    first = steps[0].at if steps else None
    resources = gather.each(
        _list_of(section("resources"), "resources"), lambda node: read_standing(node, first)
    )
    plans = gather.each(plan_entries(section("provider")), read_plan)
    [ways] = gather.each([section("gateway")], read_ways) or [Ways()]
    scenario = Scenario(
        required(document, "scenario", fields.text, "a scenario"),
        *(prices, accounts, coupons, resources, plans, ways, steps),
    )
    if not gather.faults:
        gather.each(resources, lambda one: fits(one, scenario))
        gather.each(range(1, len(resources)), lambda at: once(resources, at))
    return scenario


def _filled_list(node: Node, name: str) -> list[Node]:
    items = fields.listed(node, name)
    if not items:
        raise Fault(node.line, f"{name}: at least one step was expected")
    return items


def _list_of(node: Node | None, name: str) -> list[Node]:
    return [] if node is None or fields.is_null(node) else fields.listed(node, name)


def _steps(nodes: list[Node], gather: _Gather) -> list[Step]:
    steps: list[Step] = []
    for step in gather.each(nodes, _step):
        before = steps[-1].at if steps else None
        at = step.at or before
        if at is None:
            # Where the step above cannot be read, its instant may be what is missing.
            gather.faults += [] if gather.faults else [Fault(step.line, "a step: `at` is missing")]
        elif before is not None and at < before:
            sentence = f"at: {written(at)} lies before the step above it ({written(before)})"
            gather.faults.append(Fault(step.line, sentence))
        else:
            steps.append(Step(step.line, at, step.send, step.expect))
    return steps


class _Step(NamedTuple):
    """A step whose instant may be that of the one before."""

    line: int
    at: datetime | None
    send: Send | None
    expect: Expect | None


def _step(node: Node) -> _Step:
    said = fields.mapping(node, "a step")
    fields.known_names(said, ("at", "send", "data", "id", "copies", "expect"), "a step")
    if "send" not in said.pairs and "expect" not in said.pairs:
        raise Fault(node.line, "a step: `send` or `expect` was expected")
    return _Step(
        said.lines.get("at", node.line),
        optional(said, "at", fields.instant),
        _send(said),
        Expect(read_expect(said.pairs["expect"])) if "expect" in said.pairs else None,
    )


def _send(said: Mapped) -> Send | None:
    node = said.pairs.get("send")
    if node is None:
        for name in ("data", "id", "copies"):
            if name in said.pairs:
                raise Fault(
                    said.lines[name], f"a step: {shown(name)} belongs to a command: `send` is missing"
                )
        return None
    model = command_named(node)
    if "data" not in said.pairs:
        raise Fault(node.line, f"a step: `data` is missing: the fields of {model.__name__}")
    copies = optional(said, "copies", fields.at_least(1)) or 1
    if copies > _MOST_COPIES:
        raise fields.wrong(said.pairs["copies"], "copies", f"at most {_MOST_COPIES}")
    return Send(node.line, message_from(model, said.pairs["data"]), optional(said, "id", fields.text), copies)
