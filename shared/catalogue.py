"""What each kind of resource is to billing, read from a file of flags: the shipped one, or an operator's.

The file is read once, when a process starts, and names every kind; a wrong one says where it is wrong.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.contracts.parts import Kind, Product

Billing = Literal["prepaid", "hold"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SHIPPED: Final = Path(__file__).with_suffix(".toml")


class Flags(BaseModel):
    """What one kind is to billing (the shipped file says what each flag means)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    product: Product
    billing: Billing
    poc: Literal["yes", "outside_cluster", "no"]
    coupon: bool
    refund: bool
    renew: bool
    auto_renew: bool
    trash_days: Annotated[int, Field(ge=0, le=3_650)]
    converts: bool
    metered_by: Literal["minute", "gb_hour"] | None = None
    settled: Literal["at_once", "monthly"] = "at_once"
    held_days: Annotated[int, Field(ge=1, le=31)] = 3

    def allows_poc(self, *, in_cluster: bool) -> bool:
        """Whether the POC wallet may pay for it there."""
        return self.poc == "yes" or (self.poc == "outside_cluster" and not in_cluster)


Catalogue = Mapping[Kind, Flags]
_FILE: Final = TypeAdapter(dict[Kind, Flags])


def read(path: Path) -> Catalogue:
    """The flags in a file; ValueError where it does not say all of them, or anything else."""
    try:
        catalogue = _FILE.validate_python(tomllib.loads(path.read_text()))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ValueError(f"{path}: {error}") from None
    if missing := [kind for kind in KINDS if kind not in catalogue]:
        raise ValueError(f"{path}: nothing is said of {', '.join(missing)}")
    if wrong := [
        kind for kind, flags in catalogue.items() if _is_metered(flags) != (flags.billing == "hold")
    ]:
        raise ValueError(
            f"{path}: metered_by is for what is billed by hold, and for all of it: {', '.join(wrong)}"
        )
    return catalogue


def of(kind: Kind) -> Flags:
    """What that kind is to billing, in this process."""
    return _adopted[kind]


def adopt(catalogue: Catalogue) -> None:
    """From here on these are the flags: for a process that starts, before it decides anything."""
    _adopted.update(catalogue)


def _is_metered(flags: Flags) -> bool:
    return flags.metered_by is not None


_adopted: Final[dict[Kind, Flags]] = dict(read(SHIPPED))
