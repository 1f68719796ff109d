"""Why something is refused: each service's closed list of reasons is an enumeration of this kind."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A stable code, and the sentence a person reads."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Self:
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.sentence = sentence
        return reason
