"""What `checkout` decides, by meaning: one file for each thing that can be ordered; `placing`, `payment`, `progress`
and `cancelling` are the life of every order; `coupons`, `prices`, and what others tell (`projections`).

Each command is answered by one event: what happened, or a refusal with the first reason that applies, in the order in
which `reasons.REFUSALS` lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.checkout.rules.answers import line_said, order_said
from services.checkout.rules.auto_renew import renew_due
from services.checkout.rules.buy import buy
from services.checkout.rules.cancel import cancel_order
from services.checkout.rules.coupons import grant_coupon
from services.checkout.rules.outside import payment_failed
from services.checkout.rules.payment import charge_refused, charged, hold_placed, hold_refused
from services.checkout.rules.prices import publish_prices
from services.checkout.rules.progress import cluster_failed, line_done, line_failed
from services.checkout.rules.projections import account_told, cluster_told, resource_told
from services.checkout.rules.recover import recover
from services.checkout.rules.renew import renew
from services.checkout.rules.resize import resize
from services.checkout.rules.stop_poc import stop_poc
from shared.contracts import checkout, hold, lifecycle, refusals
from shared.contracts.charges import Charged, ChargeRefused, HoldPlaced, HoldRefused
from shared.contracts.message import Message
from shared.contracts.payments import PaymentFailed
from shared.engine.decision import Rule

__all__ = ["RULES", "line_said", "order_said"]

RULES: Final[Mapping[type[Message], Rule]] = {
    checkout.StopPoc: stop_poc,
    checkout.Buy: buy,
    checkout.Renew: renew,
    checkout.Resize: resize,
    checkout.Recover: recover,
    checkout.RenewDue: renew_due,
    checkout.CancelOrder: cancel_order,
    checkout.GrantCoupon: grant_coupon,
    checkout.PublishPrices: publish_prices,
    Charged: charged,
    ChargeRefused: charge_refused,
    HoldPlaced: hold_placed,
    HoldRefused: hold_refused,
    PaymentFailed: payment_failed,
    lifecycle.ResourceCreated: line_done,
    lifecycle.ResourceConverted: line_done,
    lifecycle.ResourceRenewed: line_done,
    lifecycle.ResourceResized: line_done,
    lifecycle.ResourceRecovered: line_done,
    lifecycle.ResourceExpired: line_done,
    refusals.CreationRefused: line_failed,
    refusals.ConversionRefused: line_failed,
    refusals.RenewalRefused: line_failed,
    refusals.ResizeRefused: line_failed,
    refusals.RecoveryRefused: line_failed,
    refusals.ExpiryRefused: line_failed,
    refusals.ClusterConversionRefused: cluster_failed,
    hold.Account: account_told,
    lifecycle.Cluster: cluster_told,
    lifecycle.Resource: resource_told,
}
