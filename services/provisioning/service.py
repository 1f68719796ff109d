"""`provisioning`, wired: what the engine needs to run it."""

from pathlib import Path
from typing import Final

from services.provisioning.rules import RULES
from services.provisioning.state import Resource
from services.provisioning.store import ProvisioningStore
from shared.contracts import provisioning
from shared.contracts.registry import Registry
from shared.engine.service import Service

PROVISIONING: Final = Service(
    name="provisioning",
    registry=Registry(provisioning.MESSAGES),
    rules=RULES,
    aggregates=(Resource,),
    snapshots={},
    store=ProvisioningStore(),
    migrations=Path(__file__).with_name("migrations"),
)
