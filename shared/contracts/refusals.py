"""How `lifecycle` says no: one refusal for each thing that may be asked of it."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from shared.contracts.message import Event, Id, Instant, Message
from shared.contracts.parts import Quantity
from shared.contracts.resources import (
    ACCOUNT,
    AT,
    BY,
    BY_ORDER,
    CLUSTER,
    INSTANT,
    ORDER,
    ORDER_ID,
    RESOURCE,
)


class _Refused(Event):
    account: Id = Field(description=ACCOUNT)
    reason: str = Field(description="A stable code; the service's page lists them, first match first.")
    explanation: str = Field(description="The same as a sentence for a person.")
    effective_at: Instant = Field(description=AT)


class _ResourceRefused(_Refused):
    resource: Id = Field(description=RESOURCE)
    order: Id | None = Field(default=None, description=BY_ORDER)


class _ClusterRefused(_Refused):
    cluster: Id = Field(description=CLUSTER)


_NO: dict[str, Any] = {
    **BY, "resource": "srv-1", "reason": "resource_unknown", "explanation": "There is no such resource.",
}  # fmt: skip
_ASKED: dict[str, Any] = {name: told for name, told in _NO.items() if name != "order"}
_NO_CLUSTER: dict[str, Any] = {
    "account": "acme", "cluster": "k1", "reason": "cluster_unknown",
    "explanation": "There is no such cluster.", "effective_at": INSTANT,
}  # fmt: skip


class CreationRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """CreateResource was refused; nothing was made."""

    example: ClassVar[dict[str, Any]] = {
        **_NO, "reason": "provider_refused", "explanation": "The provider could not do it.",
    }  # fmt: skip


class ConversionRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """ConvertResource was refused; the resource is as it was."""

    example: ClassVar[dict[str, Any]] = {
        **_NO, "reason": "already_stopped", "explanation": "It is not POC any more.",
    }  # fmt: skip


class RenewalRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """RenewResource was refused; the resource is as it was."""

    example: ClassVar[dict[str, Any]] = _NO


class ResizeRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """ResizeResource was refused; the resource is as it was."""

    example: ClassVar[dict[str, Any]] = _NO


class RecoveryRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """RecoverResource was refused; the resource is as it was."""

    example: ClassVar[dict[str, Any]] = _NO


class ExpiryRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """ExpireResource or ReportPocStopped was refused; the resource is as it was."""

    example: ClassVar[dict[str, Any]] = _NO


class DeletionRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """DeleteResource was refused."""

    example: ClassVar[dict[str, Any]] = _ASKED


class AutoRenewRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """SetAutoRenew was refused."""

    on: bool = Field(description="What was asked.")

    example: ClassVar[dict[str, Any]] = {**_ASKED, "on": True}


class UsageRefused(_ResourceRefused, service="lifecycle", key="resource"):
    """ReportUsage was refused."""

    quantity: Quantity = Field(description="What was reported.")
    at: Instant = Field(description="When it was said to be so.")

    example: ClassVar[dict[str, Any]] = {**_ASKED, "quantity": 40, "at": INSTANT}


class ClusterConversionRefused(_ClusterRefused, service="lifecycle", key="cluster"):
    """ConvertCluster was refused; everything in the cluster is as it was."""

    order: Id = Field(description=ORDER)

    example: ClassVar[dict[str, Any]] = {**_NO_CLUSTER, "order": ORDER_ID}


class ClusterClearRefused(_ClusterRefused, service="lifecycle", key="cluster"):
    """ClearCluster was refused."""

    example: ClassVar[dict[str, Any]] = _NO_CLUSTER


class ClusterDeletionRefused(_ClusterRefused, service="lifecycle", key="cluster"):
    """DeleteCluster was refused."""

    example: ClassVar[dict[str, Any]] = _NO_CLUSTER


MESSAGES: tuple[type[Message], ...] = (
    CreationRefused, ConversionRefused, RenewalRefused, ResizeRefused, RecoveryRefused, ExpiryRefused,
    DeletionRefused, AutoRenewRefused, UsageRefused, ClusterConversionRefused, ClusterClearRefused,
    ClusterDeletionRefused,
)  # fmt: skip
