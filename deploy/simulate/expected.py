"""What `expect` may say: its sections, their names and the kind of each value. Said wrongly it is a fault of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deploy.simulate import fields
from deploy.simulate.document import Fault, Listed, Mapped, Node, Scalar, shown
from deploy.simulate.fields import Reader, near


@dataclass(frozen=True, slots=True)
class Names:
    """A mapping with these names; with `open`, any others too."""

    known: Mapping[str, Shape]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Each:
    """A mapping from ids to the same shape."""

    of: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Many:
    """A list of the same shape."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value."""

    reader: Reader[object]


@dataclass(frozen=True, slots=True)
class Either:
    """The first where a mapping is said, the second where a list is, else the third."""

    mapped: Shape | None = None
    listed: Shape | None = None
    scalar: Shape | None = None


@dataclass(frozen=True, slots=True)
class Free:
    """Anything that is compared as it stands."""


Shape = Names | Each | Many | Leaf | Either | Free

_VND: Final = Leaf(fields.whole)
_COUNT: Final = Leaf(fields.whole)
_TEXT: Final = Leaf(fields.text)
_TRUTH: Final = Leaf(fields.truth)
_TIME: Final = Leaf(fields.instant)
_FREE: Final = Free()

_LINE: Final = Names({"resource": _TEXT, "status": _TEXT, "reason": _TEXT, "amount": _VND}, open=True)
_ORDER: Final = Names(
    {
        "status": _TEXT, "total": _VND, "lines": Either(listed=Many(_LINE), scalar=_COUNT), "given_back": _VND,
        "done": _COUNT, "failed": _COUNT, "action": _TEXT, "pay": _TEXT, "account": _TEXT, "subject": _TEXT,
        "coupon": _TEXT, "order": _TEXT, "placed_at": _TIME,
    }
)  # fmt: skip
_INVOICE: Final = Names(
    {
        "resource": _TEXT, "product": _TEXT, "kind": _TEXT, "amount": _VND, "paid": _VND, "status": _TEXT,
        "month": _TEXT, "number": _TEXT, "action": _TEXT, "carried": _VND, "account": _TEXT, "invoice": _TEXT,
        "order": _TEXT, "cluster": _TEXT,
    }, open=True,
)  # fmt: skip
_RESOURCE: Final = Names(
    {
        "billing": _TEXT, "status": _TEXT, "from": _TIME, "until": _TIME, "auto_renew": _TRUTH, "flavor": _TEXT,
        "quantity": _COUNT, "kind": _TEXT, "product": _TEXT, "account": _TEXT, "cluster": _TEXT, "months": _COUNT,
        "trash_until": _TIME,
    }
)  # fmt: skip

SECTIONS: Final[Mapping[str, Shape]] = {
    "wallets": Each(
        "account",
        Names(
            {
                "credit": Names({"total": _VND, "held": _VND, "available": _VND}),
                "poc": Names({"balance": _VND, "until": _TIME, "enabled": _TRUTH, "granted": _VND}),
                "mode": _TEXT,
            }
        ),
    ),
    "holds": Each(
        "account",
        Each("product", Names({"actual": _VND, "estimate": _VND, "held": _VND, "debt": _VND})),
    ),
    "resources": Each("resource", _RESOURCE),
    "clusters": Each(
        "cluster",
        Names({"poc": _TRUTH, "stop_poc_available": _TRUTH, "poc_remaining": _COUNT, "account": _TEXT}),
    ),
    "orders": Either(Each("account", Many(_ORDER)), Many(_ORDER)),
    "invoices": Either(Each("account", Many(_INVOICE)), Many(_INVOICE)),
    "records": Each("account", Each("month", Each("product", Either(mapped=_FREE, scalar=_VND)))),
    "mails": Many(Names({"to": _TEXT, "kind": _TEXT}, open=True)),
    "events": Many(Names({"type": _TEXT, "key": _TEXT, "fields": _FREE}, open=True)),
    "refusals": Many(Names({"command": _TEXT, "reason": _TEXT}, open=True)),
}


def read_expect(node: Node) -> Mapping[str, Node]:
    """The sections said, each of the right shape."""
    section = fields.mapping(node, "expect")
    fields.known_names(section, SECTIONS, "expect")
    for name, value in section.pairs.items():
        _check(value, SECTIONS[name], name)
    return section.pairs


def _check(node: Node, shape: Shape, name: str) -> None:
    if isinstance(shape, Free) or (not isinstance(shape, Many) and fields.is_null(node)):
        # Null: there is none of it.
        return
    if isinstance(shape, Either):
        _check(node, _chosen(node, shape, name), name)
    elif isinstance(shape, Leaf):
        shape.reader(node, name)
    elif isinstance(shape, Many):
        for place, item in enumerate(fields.listed(node, name), start=1):
            _check(item, shape.shape, f"{name}[{place}]")
    else:
        _check_mapping(fields.mapping(node, name), shape, name)


def _check_mapping(node: Mapped, shape: Names | Each, name: str) -> None:
    for key, value in node.pairs.items():
        if isinstance(shape, Each):
            _check(value, shape.shape, f"{name}.{key}")
        elif key in shape.known:
            _check(value, shape.known[key], f"{name}.{key}")
        elif not shape.open:
            raise Fault(node.lines[key], f"{name} has no {shown(key)}; {near(key, shape.known)}")


def _chosen(node: Node, shape: Either, name: str) -> Shape:
    options = {"a mapping": shape.mapped, "a list": shape.listed, "a value": shape.scalar}
    said = {Mapped: shape.mapped, Listed: shape.listed, Scalar: shape.scalar}[type(node)]
    if said is None:
        raise fields.wrong(
            node, name, " or ".join(words for words, one in options.items() if one is not None)
        )
    return said
