"""What `provisioning` remembers: each request and how it goes, and what is planned for a resource's next ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from shared.contracts.provisioning import Action, Outcome


class Plan(NamedTuple):
    """How so many of the next changes go: those of one kind, or of any where none is named."""

    outcome: Outcome
    times: int
    action: Action | None = None

    def covers(self, action: Action) -> bool:
        """Whether a change of this kind goes as planned."""
        return self.action in (None, action)

    def used(self) -> Plan | None:
        """What of it is left after one more change."""
        return self._replace(times=self.times - 1) if self.times > 1 else None


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource, or a cluster that changes as one: what is planned for its next changes."""

    id: str
    plan: Plan | None = None

    @property
    def key(self) -> str:
        """The id it is found by."""
        return self.id

    def planned(self, plan: Plan | None) -> Resource:
        """With this planned, instead of what was."""
        return replace(self, plan=plan)


@dataclass(frozen=True, slots=True)
class Request:
    """One request: what was asked, how often, how it goes, and whether it was taken back.

    A request that was taken back before it came has no `action`.
    """

    resource: str
    id: str
    action: Action | None = None
    flavor: str | None = None
    quantity: int | None = None
    outcome: Outcome | None = None
    asked: int = 0
    cancelled: bool = False

    @property
    def key(self) -> str:
        """The id it is found by; a resource's id has no slash."""
        return request_key(self.resource, self.id)

    @property
    def answers(self) -> int:
        """How many events answer it, as often as it was asked by now."""
        match self.outcome:
            case "never":
                return 0
            case "late":
                return 0 if self.asked == 1 else 1
            case "twice":
                return 2 if self.asked == 1 else 1
            case _:
                return 1

    def asked_again(self) -> Request:
        """Asked once more."""
        return replace(self, asked=self.asked + 1)

    def taken_back(self) -> Request:
        """Never to be carried out; undone, if it was."""
        return replace(self, cancelled=True)


def request_key(resource: str, request: str) -> str:
    """The key of a resource's request."""
    return f"{resource}/{request}"
