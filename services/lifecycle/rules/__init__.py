"""What `lifecycle` decides, by meaning: `creating`, `converting` (Stop POC), `renewing`, `resizing`, `recovering`,
`ending`, `clearing`, `keeping`; `answering` and `checking` for what waits for the provider; and what time brings: `passing`,
`mornings`, `stopping`.

Each command is answered: at once, or when the provider has answered or was given up. A refusal names the first reason
that applies, in the order in which `reasons.REFUSALS` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.lifecycle.rules.answering import resource_change_refused, resource_changed
from services.lifecycle.rules.checking import check_changes
from services.lifecycle.rules.clearing import clear_cluster
from services.lifecycle.rules.converting import convert_cluster, convert_resource
from services.lifecycle.rules.creating import create_resource
from services.lifecycle.rules.ending import (
    delete_cluster,
    delete_resource,
    expire_resource,
    report_poc_stopped,
)
from services.lifecycle.rules.keeping import report_usage, set_auto_renew
from services.lifecycle.rules.mornings import auto_renew_failed, check_ends
from services.lifecycle.rules.passing import check_life
from services.lifecycle.rules.recovering import recover_resource
from services.lifecycle.rules.renewing import renew_resource
from services.lifecycle.rules.resizing import resize_resource
from services.lifecycle.rules.stopping import (
    check_poc_ends,
    debt_stopped,
    end_poc,
    poc_wallet_ended,
    stop_metered,
)
from services.lifecycle.rules.telling import REFUSED_WITH, SNAPSHOTS
from shared.contracts.holding import DebtStopped, PocWalletEnded
from shared.contracts.message import Message
from shared.contracts.orders import AutoRenewFailed
from shared.contracts.provisioning import ResourceChanged, ResourceChangeRefused
from shared.contracts.resources import (
    CheckChanges,
    CheckEnds,
    CheckLife,
    CheckPocEnds,
    ClearCluster,
    ConvertCluster,
    ConvertResource,
    CreateResource,
    DeleteCluster,
    DeleteResource,
    EndPoc,
    ExpireResource,
    RecoverResource,
    RenewResource,
    ReportPocStopped,
    ReportUsage,
    ResizeResource,
    SetAutoRenew,
    StopMetered,
)
from shared.engine.decision import Rule

__all__ = ["REFUSED_WITH", "RULES", "SNAPSHOTS"]

RULES: Final[Mapping[type[Message], Rule]] = {
    CreateResource: create_resource,
    ConvertResource: convert_resource,
    ConvertCluster: convert_cluster,
    RenewResource: renew_resource,
    ResizeResource: resize_resource,
    RecoverResource: recover_resource,
    ExpireResource: expire_resource,
    ClearCluster: clear_cluster,
    CheckChanges: check_changes,
    CheckLife: check_life,
    CheckEnds: check_ends,
    CheckPocEnds: check_poc_ends,
    AutoRenewFailed: auto_renew_failed,
    EndPoc: end_poc,
    PocWalletEnded: poc_wallet_ended,
    StopMetered: stop_metered,
    DebtStopped: debt_stopped,
    DeleteResource: delete_resource,
    DeleteCluster: delete_cluster,
    SetAutoRenew: set_auto_renew,
    ReportPocStopped: report_poc_stopped,
    ReportUsage: report_usage,
    ResourceChanged: resource_changed,
    ResourceChangeRefused: resource_change_refused,
}
