"""Published versions on disk: what was promised, frozen, one folder a version and one file a service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from shared.contracts.compatibility import Contract, Contracts, breaks

_CONTRACTS = TypeAdapter(list[Contract])


class NotPublished(ValueError):
    """Why a version was not published, or cannot be read."""


def folder(docs: Path) -> Path:
    """Where the published versions are, in a folder of documents."""
    return docs / "contracts" / "published"


def versions(docs: Path) -> dict[str, dict[str, Contract]]:
    """Every published version, oldest first; `NotPublished` when there is none or one cannot be read."""
    found = sorted(
        (path for path in folder(docs).glob("*") if path.is_dir()), key=lambda path: _number(path.name)
    )
    if not found:
        raise NotPublished(f"no published version in {folder(docs)}: is {docs} the folder of documents?")
    return {path.name: _read(path) for path in found}


def publish(docs: Path, version: str, current: Contracts) -> list[Path]:
    """Freezes `current` as a version: the next number, compatible with all before, never a second time."""
    number, before = _number(version), _before(docs)
    if version in before:
        raise NotPublished(f"version {version} is published already; what was promised is not overwritten")
    if before and number <= max(map(int, before)):
        raise NotPublished(
            f"version {version} is older than version {max(map(int, before))}, published already"
        )
    if broken := breaks(current, before):
        raise NotPublished("\n".join(["not compatible with what is published:", *map(str, broken)]))
    return _write(folder(docs) / version, current)


def _before(docs: Path) -> dict[str, dict[str, Contract]]:
    return versions(docs) if any(path.is_dir() for path in folder(docs).glob("*")) else {}


def _number(version: str) -> int:
    if not (version.isascii() and version.isdigit() and version == str(int(version)) and version != "0"):
        raise NotPublished(f"{version!r} is no version: versions are whole numbers from 1")
    return int(version)


def _read(path: Path) -> dict[str, Contract]:
    contracts: dict[str, Contract] = {}
    for file in sorted(path.glob("*.json")):
        try:
            contracts |= {contract.type: contract for contract in _CONTRACTS.validate_json(file.read_bytes())}
        except ValidationError as error:
            raise NotPublished(f"{file} cannot be read: {error}") from None
    if not contracts:
        raise NotPublished(f"{path} holds no messages")
    return contracts


def _write(path: Path, current: Mapping[str, Contract]) -> list[Path]:
    path.mkdir(parents=True)
    by_service: dict[str, list[Contract]] = {}
    for contract in current.values():
        by_service.setdefault(contract.type.split(".")[1], []).append(contract)
    return [_write_service(path / f"{service}.json", its) for service, its in sorted(by_service.items())]


def _write_service(file: Path, contracts: list[Contract]) -> Path:
    rows = [contract.model_dump() for contract in sorted(contracts, key=lambda contract: contract.type)]
    file.write_bytes((json.dumps(rows, indent=2, ensure_ascii=False) + "\n").encode())
    return file
