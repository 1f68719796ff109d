"""Where a command finds the broker and the database: what the environment names, else what `stoppoc up` runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.cli.home import find_home
from deploy.cli.say import SILENT, WRONG, Trouble, quoted
from deploy.local.place import KAFKA, POSTGRES
from shared import catalogue

CATALOGUE: Final = "STOPPOC_CATALOGUE"

_HOW: Final = "start it with `stoppoc up`, or set {name} to where yours is"


def kafka(environment: Mapping[str, str] = os.environ) -> str:
    """The broker's address."""
    if named := environment.get(KAFKA):
        return _checked(named)
    running = find_home(environment).running()
    if running is None:
        raise Trouble(f"nothing runs here: {_HOW.format(name=KAFKA)}", SILENT)
    return running.kafka


def _checked(addresses: str) -> str:
    for address in addresses.split(","):
        host, _, port = address.strip().rpartition(":")
        if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise Trouble(
                f"{KAFKA} is {quoted(addresses)}, not host:port, or several of them with commas", WRONG
            )
    return addresses


def postgres(environment: Mapping[str, str] = os.environ) -> str:
    """The database's address."""
    if named := environment.get(POSTGRES):
        return named
    running = find_home(environment).running()
    if running is None:
        raise Trouble(f"nothing runs here: {_HOW.format(name=POSTGRES)}", SILENT)
    if running.postgres is None:
        raise Trouble(
            f"the running system's database was named by {POSTGRES}: set it here too "
            "(it may hold a password, so it was not written down)",
            SILENT,
        )
    return running.postgres


def adopt_catalogue(environment: Mapping[str, str] = os.environ) -> None:
    """Takes the flags of the products from the file the environment names, if it names one."""
    if named := environment.get(CATALOGUE):
        try:
            catalogue.adopt(catalogue.read(Path(named)))
        except ValueError as wrong:
            raise Trouble(f"{CATALOGUE}: {wrong}", WRONG) from None
