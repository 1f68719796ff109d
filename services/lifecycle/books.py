"""Clusters and resources as an operator reads them. Read only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, get_args

from shared import catalogue
from shared.contracts.lifecycle import Cluster, Resource
from shared.contracts.parts import Kind
from shared.engine.looking import documents
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("books.sql"))


async def cluster(dsn: str, key: str) -> Cluster | None:
    """The cluster as it stands."""
    return next(iter(await documents(dsn, _SQL["read_cluster"], Cluster, key)), None)


async def resources(dsn: str, cluster: str) -> list[Resource]:
    """All that is, or was, in the cluster."""
    products = {kind: catalogue.of(kind).product for kind in get_args(Kind)}
    return await documents(dsn, _SQL["read_resources"], Resource, cluster, json.dumps(products))
