"""Why `lifecycle` says no: the closed list of reasons, and for each command those it can meet, first match first."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Self

from shared.contracts.message import Command
from shared.contracts.resources import (
    MOST_RESOURCES,
    MOST_TERMS,
    ClearCluster,
    ConvertCluster,
    ConvertResource,
    CreateResource,
    DeleteCluster,
    DeleteResource,
    ExpireResource,
    RecoverResource,
    RenewResource,
    ReportPocStopped,
    ReportUsage,
    ResizeResource,
    SetAutoRenew,
)


class Reason(StrEnum):
    """Why a command is refused: a stable code, and the sentence a person reads."""

    sentence: str

    def __new__(cls, code: str, sentence: str) -> Self:
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.sentence = sentence
        return reason

    RESOURCE_UNKNOWN = "resource_unknown", "There is no such resource."
    CLUSTER_UNKNOWN = "cluster_unknown", "There is no such cluster."
    NOT_OWNER = "not_owner", "It belongs to another account."
    RESOURCE_EXISTS = "resource_exists", "There is such a resource already."
    NAME_TAKEN = "name_taken", "A resource and a cluster cannot have the same id."
    CLUSTER_FULL = "cluster_full", f"A cluster has at most {MOST_RESOURCES:,} resources."
    ALREADY_STOPPED = "already_stopped", "It is not POC any more."
    RESOURCE_DELETED = "resource_deleted", "It was deleted."
    NOT_IN_TRASH = "not_in_trash", "Only what is in the trash, or expired, can be recovered."
    TRASH_OVER = "trash_over", "It was kept for as long as it could be; that time is over."
    IN_CHANGE = "in_change", "Another change of it is under way; it can be asked again when that is done."
    NOT_ACTIVE = "not_active", "It is not running."
    NOT_PREPAID = "not_prepaid", "It is paid by its use, not for a period."
    NOT_RENEWABLE = "not_renewable", "Its kind is not renewed."
    POC_NOT_RENEWED = "poc_not_renewed", "A POC resource is not renewed by itself."
    POC_ENDED = "poc_ended", "The POC wallet has ended."
    NOT_METERED = "not_metered", "It is not paid by its size."
    TERMS_INVALID = "terms_invalid", "What was priced does not fit its kind and its billing."
    CHANGED_MEANWHILE = "changed_meanwhile", "It has changed since it was priced."
    TOO_MANY_TERMS = "too_many_terms", f"It has {MOST_TERMS} paid periods already; they must run first."
    STILL_POC = "still_poc", "Some of its servers or volumes are still POC."
    NOT_POC = "not_poc", "It is not POC."
    AT_IN_FUTURE = "at_in_future", "What it holds cannot be known before the time."
    AT_NOT_LATER = "at_not_later", "What it held then was reported already, or it was not there yet."
    PROVIDER_REFUSED = "provider_refused", "The provider could not do it."
    PROVIDER_SILENT = "provider_silent", "The provider did not answer in time."


_WHOSE: Final = (Reason.RESOURCE_UNKNOWN, Reason.NOT_OWNER)
_CLUSTERS: Final = (Reason.CLUSTER_UNKNOWN, Reason.NOT_OWNER)
# What can still happen once the provider was asked: it says no, or nothing, or the resource is stopped or deleted.
_BY_PROVIDER: Final = (Reason.PROVIDER_REFUSED, Reason.PROVIDER_SILENT)

REFUSALS: Final[Mapping[type[Command], tuple[Reason, ...]]] = {
    CreateResource: (
        Reason.RESOURCE_EXISTS,
        Reason.NAME_TAKEN,
        Reason.NOT_OWNER,
        Reason.TERMS_INVALID,
        Reason.POC_ENDED,
        Reason.CLUSTER_FULL,
        Reason.IN_CHANGE,
        Reason.RESOURCE_DELETED,
        *_BY_PROVIDER,
    ),
    ConvertResource: (
        *_WHOSE,
        Reason.ALREADY_STOPPED,
        Reason.RESOURCE_DELETED,
        Reason.IN_CHANGE,
        Reason.NOT_ACTIVE,
        Reason.NOT_PREPAID,
        Reason.CHANGED_MEANWHILE,
        *_BY_PROVIDER,
    ),
    ConvertCluster: (
        *_CLUSTERS,
        Reason.IN_CHANGE,
        Reason.RESOURCE_DELETED,
        Reason.ALREADY_STOPPED,
        Reason.CHANGED_MEANWHILE,
        *_BY_PROVIDER,
    ),
    RenewResource: (
        *_WHOSE,
        Reason.RESOURCE_DELETED,
        Reason.IN_CHANGE,
        Reason.NOT_PREPAID,
        Reason.NOT_RENEWABLE,
        Reason.POC_ENDED,
        Reason.TRASH_OVER,
        Reason.CHANGED_MEANWHILE,
        Reason.TOO_MANY_TERMS,
        Reason.CLUSTER_FULL,
    ),
    ResizeResource: (
        *_WHOSE,
        Reason.RESOURCE_DELETED,
        Reason.IN_CHANGE,
        Reason.NOT_ACTIVE,
        Reason.TERMS_INVALID,
        Reason.CHANGED_MEANWHILE,
        Reason.ALREADY_STOPPED,
        *_BY_PROVIDER,
    ),
    RecoverResource: (
        *_WHOSE,
        Reason.NOT_IN_TRASH,
        Reason.IN_CHANGE,
        Reason.NOT_PREPAID,
        Reason.TRASH_OVER,
        Reason.CHANGED_MEANWHILE,
        Reason.CLUSTER_FULL,
        Reason.RESOURCE_DELETED,
        *_BY_PROVIDER,
    ),
    ExpireResource: (
        *_WHOSE,
        Reason.ALREADY_STOPPED,
        Reason.RESOURCE_DELETED,
        Reason.IN_CHANGE,
        Reason.NOT_ACTIVE,
    ),
    ReportPocStopped: (*_WHOSE, Reason.ALREADY_STOPPED, Reason.RESOURCE_DELETED, Reason.NOT_ACTIVE),
    ClearCluster: (*_CLUSTERS, Reason.STILL_POC, Reason.NOT_POC),
    DeleteResource: (*_WHOSE, Reason.RESOURCE_DELETED),
    DeleteCluster: _CLUSTERS,
    SetAutoRenew: (*_WHOSE, Reason.RESOURCE_DELETED, Reason.POC_NOT_RENEWED, Reason.NOT_RENEWABLE),
    ReportUsage: (
        *_WHOSE,
        Reason.NOT_ACTIVE,
        Reason.NOT_METERED,
        Reason.AT_IN_FUTURE,
        Reason.AT_NOT_LATER,
    ),
}
