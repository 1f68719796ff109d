"""Who lives in the simulated year, and what they ask for: drawn from one seed, mostly about what stands.

Much of it is refused, as in life; what is right and what is not is the services' to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, get_args

from deploy.simulate.asked import public_commands
from deploy.simulate.year.square import Square
from shared.contracts.message import Message
from shared.contracts.payments import GatewayName
from shared.contracts.provisioning import PlanOutcome
from shared.period import HANOI

# What each costs: VND for 30 days, or for a GB and hour.
PRICES: Final = {
    "s1": 181_000, "s2": 362_001, "boot": 29_999, "v1": 120_000, "v2": 77_777, "lb": 250_000, "ip": 61_003,
    "pr": 99_001, "db": 500_009, "qu": 45_500, "cdn": 310_007, "waf": 270_001, "n1": 362_000, "n2": 481_111,
    "kv": 90_007, "snap": 3, "reg": 4,
}  # fmt: skip
FLAVORS: Final[Mapping[str, Sequence[str]]] = {
    "server": ("s1", "s2", "s1+boot"), "volume": ("v1", "v2"), "load_balancer": ("lb",), "eip": ("ip",),
    "project": ("pr",), "database": ("db",), "quota": ("qu",), "cdn": ("cdn",), "waf": ("waf",),
    "k8s_node": ("n1", "n2"), "k8s_volume": ("kv",), "snapshot": ("snap",), "registry": ("reg",),
}  # fmt: skip
KIND_OF: Final = {part: kind for kind, names in FLAVORS.items() for name in names for part in name.split("+")}
_BY_THE_HOUR: Final = ("snap", "reg")
_METERED: Final = ("k8s_node", "k8s_volume", "snapshot", "registry")
_WEIGHTS: Final = {
    "Buy": 14, "TopUp": 12, "Renew": 6, "Resize": 6, "StopPoc": 8, "Recover": 3, "DeleteResource": 5,
    "ReportPocStopped": 1, "DeleteCluster": 1, "SetAutoRenew": 4, "GrantPoc": 3, "ExtendPoc": 2, "PublishPrices": 1,
    "GrantCoupon": 1, "ReportUsage": 8, "PlanOutcome": 3,
}  # fmt: skip
_MOST_ITEMS: Final = 20
_POSTPAID_EVERY: Final = 10
_POC_EVERY: Final = 3
# What is asked for later in a day is not paid at a gateway: nobody may be at work the next.
_GATEWAYS_CLOSE: Final = 23


@dataclass
class Village:
    """All accounts, and the draw of what they do next."""

    chance: Random
    square: Square
    accounts: int
    resources: int
    told: int = 0

    def opening(self, at: datetime) -> Iterator[Message]:
        """Prices, accounts with money, and what stands on the first day."""
        yield _made(
            "PublishPrices", {"prices": [_price(flavor, vnd) for flavor, vnd in PRICES.items()], "from": at}
        )
        for number in range(self.accounts):
            account = _account(number)
            mode = "postpaid" if number % _POSTPAID_EVERY == _POSTPAID_EVERY - 1 else "prepaid"
            yield _made(
                "OpenAccount", {"account": account, "mode": mode, "email": f"{account}@village.example"}
            )
            yield self._paid_in(account, self.chance.randint(2_000_000, 12_000_000))
            if mode == "prepaid" and number % _POC_EVERY == 0:
                until = at + timedelta(minutes=self.chance.randint(20_000, 120_000))
                yield _made("GrantPoc", {"account": account, "amount": 6_000_000, "until": until})
        yield from self._settling(at)

    def next(self, at: datetime) -> Message:
        """What somebody asks at that instant."""
        [name] = self.chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        account = _account(self.chance.randrange(self.accounts))
        self.told += 1
        data = {"account": account, **getattr(self, f"_{name.lower()}")(account, at)}
        return _made(name, data)

    def _settling(self, at: datetime) -> Iterator[Message]:
        each = max(1, self.resources // self.accounts)
        for number in range(self.accounts):
            left = each
            while left > 0:
                count = min(left, self.chance.randint(1, _MOST_ITEMS))
                left -= count
                pays = ("credit", "credit", "hold", *(("poc",) if number % _POC_EVERY == 0 else ()))
                yield self._purchase(_account(number), self._paid(at, *pays), count)

    def _paid(self, at: datetime, *pays: str) -> dict[str, Any]:
        """One of these ways, or some or all of it at a gateway."""
        outside = ("gateway", "top_up") if at.astimezone(HANOI).hour < _GATEWAYS_CLOSE else ()
        pay = self.chance.choice((*pays, *outside))
        return {
            "pay": pay,
            **({"gateway": self.chance.choice(get_args(GatewayName))} if pay in outside else {}),
        }

    def _purchase(self, account: str, paid: Mapping[str, Any], count: int) -> Message:
        kinds: Mapping[str, Sequence[str]] = {
            "credit": [kind for kind in FLAVORS if kind not in _METERED],
            "poc": ("server", "volume", "server", "database", "project"),
            "hold": _METERED,
        }
        some = kinds.get(paid["pay"], kinds["credit"])
        items = [self._item(account, self.chance.choice(some)) for _ in range(count)]
        return _made("Buy", {"account": account, "items": items, **paid})

    def _item(self, account: str, kind: str) -> dict[str, Any]:
        in_cluster = kind.startswith("k8s") or (kind in ("server", "volume") and self.chance.random() < 0.5)
        cluster = f"{account}-{'kube' if kind.startswith('k8s') else 'k1'}"
        self.told += 1
        return {
            "resource": f"r{self.told}", "kind": kind, "flavor": self.chance.choice(FLAVORS[kind]),
            "quantity": self.chance.choice((1, 1, 1, 2, 7)), **({"cluster": cluster} if in_cluster else {}),
            **({} if kind in _METERED else {"months": self.chance.choice((1, 1, 2, 3)), "auto_renew": self.chance.random() < 0.6}),
        }  # fmt: skip

    def _paid_in(self, account: str, amount: int) -> Message:
        self.told += 1
        return _made("TopUp", {"account": account, "amount": amount, "reference": f"R{self.told}"})

    def _resource(self, account: str) -> str:
        own = self.square.of(account)
        return self.chance.choice(own) if own else "nothing"

    def _buy(self, account: str, at: datetime) -> dict[str, Any]:
        paid = self._paid(at, "credit", "credit", "poc", "hold")
        bought = self._purchase(account, paid, self.chance.randint(1, 3))
        return bought.model_dump(mode="python", exclude_none=True)

    def _topup(self, _account: str, _at: datetime) -> dict[str, Any]:
        return {"amount": self.chance.randint(1, 6_000_000), "reference": f"R{self.told}"}

    def _renew(self, account: str, at: datetime) -> dict[str, Any]:
        until = {"until": at + timedelta(minutes=self.chance.randint(-1_000, 90_000))}
        period = {"months": self.chance.randint(1, 2)} if self.chance.random() < 0.8 else until
        return {
            "resources": [self._resource(account)],
            **self._paid(at, "credit", "credit", "poc"),
            **period,
        }

    def _resize(self, account: str, _at: datetime) -> dict[str, Any]:
        resource = self._resource(account)
        found = self.square.resources.get(resource, {"kind": "server", "billing": "prepaid"})
        pay = {"poc": "poc", "hold": "hold"}.get(found["billing"], "credit")
        flavor = self.chance.choice(FLAVORS[found["kind"]])
        return {"resource": resource, "flavor": flavor, "quantity": self.chance.randint(1, 5), "pay": pay}

    def _stoppoc(self, account: str, at: datetime) -> dict[str, Any]:
        which = self.chance.choice(("k1", "kube", ""))
        what = {"cluster": f"{account}-{which}"} if which else {"resources": [self._resource(account)]}
        paid = {"pay": "hold"} if which == "kube" else self._paid(at, "credit", "credit", "none")
        return {**what, "months": 1, "auto_renew": self.chance.random() < 0.5, **paid}

    def _recover(self, account: str, _at: datetime) -> dict[str, Any]:
        return {"resource": self._resource(account), "months": 1, "pay": "credit"}

    def _deleteresource(self, account: str, _at: datetime) -> dict[str, Any]:
        return {"resource": self._resource(account)}

    def _reportpocstopped(self, account: str, _at: datetime) -> dict[str, Any]:
        return {"resource": self._resource(account)}

    def _deletecluster(self, account: str, _at: datetime) -> dict[str, Any]:
        return {"cluster": f"{account}-{self.chance.choice(('k1', 'kube'))}"}

    def _setautorenew(self, account: str, _at: datetime) -> dict[str, Any]:
        return {"resource": self._resource(account), "on": self.chance.random() < 0.7, "months": 1}

    def _grantpoc(self, _account: str, at: datetime) -> dict[str, Any]:
        return {
            "amount": self.chance.randint(1, 5_000_000),
            "until": at + timedelta(minutes=self.chance.randint(1, 90_000)),
        }

    def _extendpoc(self, _account: str, at: datetime) -> dict[str, Any]:
        return {"until": at + timedelta(minutes=self.chance.randint(1, 120_000))}

    def _publishprices(self, _account: str, at: datetime) -> dict[str, Any]:
        flavor = self.chance.choice(list(PRICES))
        vnd = PRICES[flavor] * self.chance.randint(80, 125) // 100
        return {
            "prices": [_price(flavor, max(vnd, 1)) | {"discount": self.chance.choice((0, 0, 7))}],
            "from": at,
        }

    def _grantcoupon(self, _account: str, _at: datetime) -> dict[str, Any]:
        return {"code": f"C{self.chance.randint(1, 9)}", "amount": self.chance.randint(1, 300_000), "uses": 3}

    def _reportusage(self, account: str, at: datetime) -> dict[str, Any]:
        metered = [
            one for one in self.square.of(account) if self.square.resources[one]["flavor"] in _BY_THE_HOUR
        ]
        resource = self.chance.choice(metered) if metered else self._resource(account)
        return {"resource": resource, "quantity": self.chance.randint(1, 90), "at": at}

    def _planoutcome(self, account: str, _at: datetime) -> dict[str, Any]:
        outcome = self.chance.choice(("refuse", "late", "twice", "never"))
        return {"resource": self._resource(account), "outcome": outcome, "times": 1}


def _account(number: int) -> str:
    return f"acc{number:05}"


def _price(flavor: str, vnd: int) -> dict[str, Any]:
    per = "gb_hour" if flavor in _BY_THE_HOUR else "30d"
    return {"flavor": flavor, "kind": KIND_OF[flavor], "vnd": vnd, "per": per}


def _made(name: str, data: Mapping[str, Any]) -> Message:
    model: type[Message] = PlanOutcome if name == "PlanOutcome" else public_commands()[name]
    wanted = {info.validation_alias or field for field, info in model.model_fields.items()}
    return model.model_validate({field: value for field, value in data.items() if field in wanted})
