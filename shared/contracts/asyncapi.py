"""AsyncAPI 3 documents from the registry: one for whoever stands outside, one for each service.

Seen from the system that is described: it receives commands and sends events and state.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, Final

from shared.contracts import topics
from shared.contracts.headers import example_headers, headers_schema
from shared.contracts.message import Form, Message
from shared.contracts.schema import schema_of

Document = dict[str, Any]

_BINDING: Final = "0.5.0"
_DEFS: Final = "#/$defs/"
_SCHEMAS: Final = "#/components/schemas/"
_ACTIONS: Final[dict[Form, str]] = {"command": "receive", "event": "send", "state": "send"}
_PLURALS: Final[dict[Form, str]] = {"command": "commands", "event": "events", "state": "state"}


def public_document(messages: Iterable[type[Message]]) -> Document:
    """What a portal may ask and anyone may listen to: public commands, events and state of every service."""
    outside = [message for message in messages if message.public or message.form != "command"]
    about = (
        "What a portal may ask of the billing system, and what a portal or a downstream service may listen to. "
        "Messages are CloudEvents 1.0 in Kafka's binary mode; bodies are JSON."
    )
    return _document("billing", "Billing: its public face", about, outside)


def service_document(service: str, messages: Iterable[type[Message]]) -> Document:
    """All that one service accepts and says."""
    its_own = [message for message in messages if message.service == service]
    about = f"All that the service `{service}` accepts and says, the commands of other services included."
    return _document(f"billing:{service}", f"Billing: {service}", about, its_own)


def summary(message: type[Message]) -> str:
    """What the message means, from its docstring, as one line."""
    return " ".join(inspect.cleandoc(message.__doc__ or "").split())


def _document(name: str, title: str, about: str, messages: list[type[Message]]) -> Document:
    ordered = sorted(messages, key=lambda message: message.type)
    channels = sorted({(message.service, message.form) for message in ordered})
    return {
        "asyncapi": "3.1.0",
        "id": f"urn:stoppoc:{name}",
        "info": {"title": title, "version": "1", "description": about},
        "defaultContentType": "application/json",
        "servers": {"kafka": _server()},
        "channels": {
            topics.topic_for(*channel).name: _channel(*channel, _on(channel, ordered)) for channel in channels
        },
        "operations": {
            f"{_ACTIONS[kind]}.{service}.{_PLURALS[kind]}": _operation(
                service, kind, _on((service, kind), ordered)
            )
            for service, kind in channels
        },
        "components": {
            "messages": {message.type: _message(message) for message in ordered},
            "schemas": _schemas(ordered),
        },
    }


def _on(channel: tuple[str, Form], messages: list[type[Message]]) -> list[type[Message]]:
    return [message for message in messages if (message.service, message.form) == channel]


def _server() -> Document:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "Any Kafka 4.",
        "variables": {
            "bootstrap": {"default": "127.0.0.1:9092", "description": "What STOPPOC_KAFKA names."},
        },
    }


def _channel(service: str, kind: Form, messages: list[type[Message]]) -> Document:
    topic = topics.topic_for(service, kind)
    gone = " A record without a value says that the key is gone." if topic.compacted else ""
    return {
        "address": topic.name,
        "title": f"{service}: {_PLURALS[kind]}",
        "description": f"{topic.question[0].upper()}{topic.question[1:]}.{gone}",
        "messages": {message.type: {"$ref": f"#/components/messages/{message.type}"} for message in messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topics.PARTITIONS,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": _BINDING,
            }
        },
    }


def _configuration(topic: topics.Topic) -> Document:
    """The topic's settings, typed as the binding has them: a list of policies, whole numbers."""
    settings: Document = {
        name: int(text) if text.isdigit() else text for name, text in topic.settings.items()
    }
    return dict(sorted((settings | {"cleanup.policy": topic.settings["cleanup.policy"].split(",")}).items()))


def _operation(service: str, kind: Form, messages: list[type[Message]]) -> Document:
    address = topics.topic_for(service, kind).name
    verbs = {"command": "is asked", "event": "tells has happened", "state": "tells of how things stand"}
    return {
        "action": _ACTIONS[kind],
        "channel": {"$ref": f"#/channels/{address}"},
        "title": f"What {service} {verbs[kind]}",
        "messages": [{"$ref": f"#/channels/{address}/messages/{message.type}"} for message in messages],
    }


def _message(message: type[Message]) -> Document:
    key = schema_of(message)["properties"].get(message.key_field, {})
    if key.get("type") != "string":
        # Made of several fields, as its description says: an id all the same.
        key = {"type": "string"}
    return {
        "name": message.type,
        "title": message.__name__,
        "summary": summary(message),
        "contentType": "application/json",
        "headers": headers_schema(message),
        "payload": {"$ref": f"{_SCHEMAS}{_component(message, message.__name__)}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": _BINDING}},
        "examples": [
            {"name": message.__name__, "headers": example_headers(message), "payload": message.example}
        ],
    }


def _schemas(messages: list[type[Message]]) -> Document:
    schemas: Document = {}
    for message in messages:
        schema = schema_of(message)
        parts = schema.pop("$defs", {}) | {message.__name__: schema}
        for name, part in parts.items():
            component, lifted = _component(message, name), _lifted(part, message)
            if schemas.setdefault(component, lifted) != lifted:
                raise ValueError(f"two different models of {message.service} are called {name}")
    return dict(sorted(schemas.items()))


def _component(message: type[Message], name: str) -> str:
    return f"{message.service}.{name}"


def _lifted(part: Any, message: type[Message]) -> Any:
    """The part as a component of the document: it refers to components, and what stands beside a reference
    stands around it, since AsyncAPI ignores what stands beside."""
    if isinstance(part, list):
        return [_lifted(item, message) for item in part]
    if not isinstance(part, dict):
        return part
    lifted = {name: _lifted(value, message) for name, value in part.items() if name != "$ref"}
    if "$ref" not in part:
        return lifted
    reference = {"$ref": f"{_SCHEMAS}{_component(message, part['$ref'].removeprefix(_DEFS))}"}
    return {"allOf": [reference]} | lifted if lifted else reference
