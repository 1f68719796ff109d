"""The growth as a picture: resources a second and CPU time a resource over resources stored, as an SVG of a few lines.

Both curves begin at zero, and the stored resources stand on a scale of powers of ten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log10
from typing import Any, Final, NamedTuple

_WIDTH: Final = 720
_HEIGHT: Final = 380
_LEFT: Final = 70
_RIGHT: Final = 650
_TOP: Final = 60
_BOTTOM: Final = 320
_STEPS: Final = 4
# What an axis may end with.
_ROUND: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


class Curve(NamedTuple):
    """One curve: what it shows, its colour, where its scale stands, and its values."""

    title: str
    colour: str
    axis: int
    anchor: str
    values: Sequence[float]


def plot(points: Sequence[Mapping[str, Any]]) -> str:
    """The picture of the figures' part `growth`."""
    stored = [point["stored"] for point in points]
    rate = Curve("resources converted a second", "#1565c0", _LEFT, "end", [point["rate"] for point in points])
    cost = Curve(
        "CPU milliseconds a resource",
        "#c62828",
        _RIGHT,
        "start",
        [point["cpu_s_per_1000"] for point in points],
    )
    across = _across(stored)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="13">',
        "<title>Stop POC by resources stored</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        *_grid(),
        *_stored(stored, across),
        *_curve(rate, stored, across, 24),
        *_curve(cost, stored, across, 44),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _across(stored: Sequence[int]) -> Callable[[int], float]:
    first, last = log10(stored[0]), log10(stored[-1])
    wide = (last - first) or 1.0
    return lambda count: _LEFT + 40 + (_RIGHT - _LEFT - 80) * (log10(count) - first) / wide


def _grid() -> Iterator[str]:
    for step in range(_STEPS + 1):
        y = _BOTTOM - (_BOTTOM - _TOP) * step / _STEPS
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_RIGHT}" y2="{y:.1f}" stroke="#dddddd"/>'


def _stored(stored: Sequence[int], across: Callable[[int], float]) -> Iterator[str]:
    for count in stored:
        yield f'<text x="{across(count):.1f}" y="{_BOTTOM + 20}" text-anchor="middle">{count:,}</text>'
    middle = (_LEFT + _RIGHT) / 2
    yield f'<text x="{middle:.1f}" y="{_BOTTOM + 44}" text-anchor="middle">resources stored</text>'


def _curve(
    curve: Curve, stored: Sequence[int], across: Callable[[int], float], title_y: int
) -> Iterator[str]:
    top = _top_of(max(curve.values))
    places = [
        (across(count), _BOTTOM - (_BOTTOM - _TOP) * value / top)
        for count, value in zip(stored, curve.values, strict=True)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<text x="{_LEFT}" y="{title_y}" fill="{curve.colour}">{curve.title}</text>'
    yield f'<polyline points="{line}" fill="none" stroke="{curve.colour}" stroke-width="2"/>'
    for (x, y), value in zip(places, curve.values, strict=True):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{curve.colour}"/>'
        yield f'<text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle" fill="{curve.colour}">{_told(value)}</text>'
    side = -8 if curve.anchor == "end" else 8
    for step in range(_STEPS + 1):
        y = _BOTTOM - (_BOTTOM - _TOP) * step / _STEPS + 4
        yield (
            f'<text x="{curve.axis + side}" y="{y:.1f}" text-anchor="{curve.anchor}" fill="{curve.colour}">'
            f"{_told(top * step / _STEPS)}</text>"
        )


def _top_of(largest: float) -> float:
    """Where the scale ends: something round, with room above the largest value."""
    power = 10.0 ** int(log10(largest) // 1)
    return next(power * factor for factor in (*_ROUND, 12.0) if power * factor >= largest * 1.1)


def _told(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 or value == 0 else f"{value:.2f}"
