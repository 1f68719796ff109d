"""The gateways there are, behind one port. Pure: bytes in, bytes out; who sends them is in deploy/pay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.payments.gateways.momo import Momo
from services.payments.gateways.port import Gateway
from services.payments.gateways.zalopay import Zalopay

__all__ = ["GATEWAYS"]

GATEWAYS: Final[Mapping[str, type[Gateway]]] = {"momo": Momo, "zalopay": Zalopay}
