"""The shape every message has: one frozen pydantic model per type, described field by field, with an example.

A message names the service it belongs to and the field that is its key; its CloudEvents type follows from
its name. Models read leniently (unknown fields are ignored) and strictly in value: no string becomes a
number, and no float ever becomes money.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

Form = Literal["command", "event", "state"]

# JSON numbers are exact in every language up to 2**53 - 1; more money than that is a mistake.
MOST_VND = 2**53 - 1


def _to_utc(instant: datetime) -> datetime:
    try:
        return instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    except OverflowError:
        # Midnight of the year 1, east of Greenwich: no instant in UTC, and no reason to stop a consumer.
        raise ValueError("out of range in UTC") from None


Vnd = Annotated[int, Field(ge=-MOST_VND, le=MOST_VND)]
Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:\-]*$")]


class Message(BaseModel):
    """What one party says to another. Declared as `class TopUp(Command, service="hold", key="account")`.

    What a message class says of itself has names that no field has: `kind` and `version` are words of the business.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    service: ClassVar[str]
    key_field: ClassVar[str]
    about_field: ClassVar[str]
    is_about_key: ClassVar[bool] = True
    form: ClassVar[Form]
    public: ClassVar[bool] = False
    type_version: ClassVar[int] = 1
    type: ClassVar[str]
    example: ClassVar[dict[str, Any]]

    def __init_subclass__(
        cls,
        *,
        service: str = "",
        key: str = "",
        about: str = "",
        public: bool = False,
        version: int = 1,
        **rest: Any,
    ) -> None:
        super().__init_subclass__(**rest)
        if service:
            cls.service, cls.key_field, cls.public, cls.type_version = service, key, public, version
            cls.about_field = about or key
            cls.is_about_key = cls.about_field == key
            cls.type = f"billing.{service}.{cls.__name__}.v{version}"

    @property
    def key(self) -> str:
        """The id of the aggregate that decides (commands) or has decided (events): messages of one key keep their order."""
        return str(getattr(self, type(self).key_field))

    @property
    def about(self) -> str:
        """The id of what it is about: its subject, whose events are numbered 1, 2, 3. Nearly always its key."""
        return self.key if self.is_about_key else str(getattr(self, self.about_field))

    def to_json(self) -> str:
        """The message's body on the wire."""
        # What model_dump_json does, without its two dozen options: a message is written once for each that is read.
        return self.__pydantic_serializer__.to_json(self).decode()


class Command(Message):
    """Asks a service for something. It is answered by an event, always."""

    form: ClassVar[Form] = "command"


class Event(Message):
    """Tells what has happened."""

    form: ClassVar[Form] = "event"


class State(Message):
    """Tells how one thing stands now, whole."""

    form: ClassVar[Form] = "state"
