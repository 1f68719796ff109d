"""What bought periods are still worth at an instant: the sum of what each of them has left.

Each period is rounded by itself, so periods bought apart are given back exactly as each would be alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shared.contracts.parts import Term
from shared.period import unused


def unused_value(terms: Iterable[Term], at: datetime) -> int:
    """The value given back when these periods end at `at`; what is left of what was paid is what was used."""
    return sum(unused(term.paid, term.starts, term.until, at) for term in terms)
