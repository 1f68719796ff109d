"""The services there are, by name: what can be run, migrated and measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.checkout.service import CHECKOUT
from services.hold.service import HOLD
from services.invoicing.service import INVOICING
from services.lifecycle.service import LIFECYCLE
from services.notify.service import NOTIFY
from services.payments.service import PAYMENTS
from services.provisioning.service import PROVISIONING
from shared.engine.service import Service

SERVICES: Final[Mapping[str, Service]] = {
    service.name: service
    for service in (CHECKOUT, HOLD, INVOICING, LIFECYCLE, NOTIFY, PAYMENTS, PROVISIONING)
}
