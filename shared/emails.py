"""Addresses that mail is sent to: whoever takes one asks here, so that each that is taken can be written to."""

from __future__ import annotations

import re
from typing import Final

# One address, as mail servers everywhere take it: ASCII, a domain with a dot, nothing a header could be made of. So no "?":
# "=?" begins a word in another encoding, which headers read as something else.
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+'/=^`{|}~!#$&*-]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]{2,}")
_MOST_CHARACTERS: Final = 254


def is_email(text: str) -> bool:
    """Whether it is one plain address; whether anybody reads it, only a mail can tell."""
    return len(text) <= _MOST_CHARACTERS and _EMAIL.fullmatch(text) is not None
