"""The committed documents: what the registry says, read without a complaint by AsyncAPI's own parser."""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from shared.contracts.compatibility import breaks, contracts_of
from shared.contracts.export import Drift, drift, files, json_schema, write
from shared.contracts.headers import example_headers, headers_schema
from shared.contracts.message import Event, Message
from shared.contracts.published import NotPublished, publish, versions
from shared.contracts.registry import REGISTRY
from shared.contracts.topics import PARTITIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PUBLIC: dict[str, Any] = json.loads((DOCS / "contracts/asyncapi/public.json").read_text())


def test_the_committed_documents_are_what_the_registry_says() -> None:
    assert drift(files(REGISTRY), DOCS) == (), "run `stoppoc contracts export`, and commit what it writes"


def test_nothing_breaks_what_was_published() -> None:
    assert [str(found) for found in breaks(contracts_of(REGISTRY), versions(DOCS))] == []


def test_the_documents_are_the_same_whatever_the_order_of_the_registry() -> None:
    assert files(reversed(list(REGISTRY))) == files(REGISTRY)


def test_the_public_document_has_public_commands_and_all_that_is_said() -> None:
    outside = {message.type for message in REGISTRY if message.public or message.form != "command"}
    assert set(PUBLIC["components"]["messages"]) == outside


@pytest.mark.parametrize("service", REGISTRY.services)
def test_a_services_document_has_all_it_accepts_and_says(service: str) -> None:
    document = json.loads((DOCS / f"contracts/asyncapi/{service}.json").read_text())
    assert set(document["components"]["messages"]) == {m.type for m in REGISTRY if m.service == service}
    actions = {name: operation["action"] for name, operation in document["operations"].items()}
    assert set(actions.items()) <= {
        (f"receive.{service}.commands", "receive"),
        (f"send.{service}.events", "send"),
        (f"send.{service}.state", "send"),
    }


@pytest.mark.parametrize("topic", PUBLIC["channels"])
def test_a_channel_names_its_topic_as_the_broker_knows_it(topic: str) -> None:
    binding = PUBLIC["channels"][topic]["bindings"]["kafka"]
    assert (PUBLIC["channels"][topic]["address"], binding["topic"], binding["partitions"]) == (
        topic,
        topic,
        PARTITIONS,
    )
    kept = binding["topicConfiguration"]
    assert kept["cleanup.policy"] == (["compact"] if ".state." in topic else ["delete"])
    assert (".commands." in topic) == (kept.get("retention.ms") == 7 * 24 * 3600 * 1000)


@pytest.mark.parametrize("message", list(REGISTRY), ids=lambda message: message.type)
def test_a_schema_and_its_example_agree_by_another_reader(message: type[Message]) -> None:
    Draft202012Validator.check_schema(json_schema(message))
    Draft202012Validator(json_schema(message)).validate(message.example)
    Draft202012Validator(headers_schema(message)).validate(example_headers(message))


@pytest.mark.parametrize(
    "document", sorted((DOCS / "contracts/asyncapi").glob("*.json")), ids=lambda path: path.stem
)
def test_each_example_of_an_asyncapi_document_fits_its_schemas(document: Path) -> None:
    """The parser does not look at them."""
    components = json.loads(document.read_text())["components"]
    for message in components["messages"].values():
        [example] = message["examples"]
        Draft202012Validator(message["payload"] | {"components": components}).validate(example["payload"])
        Draft202012Validator(message["headers"]).validate(example["headers"])
        with pytest.raises(ValidationError):
            Draft202012Validator(message["payload"] | {"components": components}).validate({"account": 1})


def test_no_document_names_a_host() -> None:
    named = [
        str(path) for path, text in files(REGISTRY).items() if "http" in text.replace(SCHEMA_DIALECT, "")
    ]
    assert named == []


SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Tidied(Event, service="hold", key="account"):
    """Something was tidied."""

    account: str
    example = {"account": "acme"}  # noqa: RUF012 - as messages have it


def test_drift_is_what_is_missing_what_differs_and_what_is_left_over(tmp_path: Path) -> None:
    write(files(REGISTRY), tmp_path)
    by_hand = tmp_path / "services/portal.md"
    by_hand.write_text("# portal\n")
    (tmp_path / "contracts/asyncapi/public.json").write_bytes(b"\xff")
    (tmp_path / "contracts/asyncapi/hold.json").unlink()
    shutil.copy(tmp_path / "services/hold.md", tmp_path / "services/gone.md")
    assert set(drift(files(REGISTRY), tmp_path)) == {
        Drift("contracts/asyncapi/public.json", "differs"),
        Drift("contracts/asyncapi/hold.json", "missing"),
        Drift("services/gone.md", "not in the registry"),
    }
    write(files(REGISTRY), tmp_path)
    assert drift(files(REGISTRY), tmp_path) == ()
    assert by_hand.exists()


def test_a_message_more_is_drift_until_it_is_exported(tmp_path: Path) -> None:
    write(files(REGISTRY), tmp_path)
    grown = files([*REGISTRY, Tidied])
    assert Drift("contracts/schemas/hold/Tidied.v1.json", "missing") in drift(grown, tmp_path)
    write(grown, tmp_path)
    write(files(REGISTRY), tmp_path)
    assert not (tmp_path / "contracts/schemas/hold/Tidied.v1.json").exists()


def test_a_page_explains_each_message_with_its_fields_and_answers() -> None:
    page = files(REGISTRY)[PurePosixPath("services/hold.md")]
    assert "| [TopUp](#topup) | [ToppedUp](#toppedup), [TopUpRefused](#topuprefused) |" in page
    assert "| `amount` | an integer | What was received, in VND; more than zero. |" in page
    assert "`billing.hold.Account.v1` on `billing.hold.state.v1`, keyed by `account`." in page


def test_two_different_models_of_one_name_are_not_mixed_up() -> None:
    class Inner(Event, service="hold", key="account"):
        """Takes the name of a model that exists."""

        account: str
        example = {"account": "acme"}  # noqa: RUF012 - as messages have it

    Inner.__name__ = "Credit"
    with pytest.raises(ValueError, match="two different models of hold are called Credit"):
        files([*REGISTRY, Inner])


def test_a_version_is_published_once_and_held_from_then_on(tmp_path: Path) -> None:
    current = contracts_of(REGISTRY)
    [path] = [path for path in publish(tmp_path, "1", current) if path.stem == "hold"]
    frozen = path.read_bytes()
    assert versions(tmp_path) == {"1": current}
    with pytest.raises(NotPublished, match="version 1 is published already"):
        publish(tmp_path, "1", contracts_of([*REGISTRY, Tidied]))
    assert path.read_bytes() == frozen
    publish(tmp_path, "10", contracts_of([*REGISTRY, Tidied]))
    assert list(versions(tmp_path)) == ["1", "10"]
    with pytest.raises(NotPublished, match="version 2 is older than version 10"):
        publish(tmp_path, "2", contracts_of([*REGISTRY, Tidied]))
    with pytest.raises(NotPublished, match="Tidied: published in version 10, gone now"):
        publish(tmp_path, "11", current)
    assert list(versions(tmp_path)) == ["1", "10"]


@pytest.mark.parametrize("version", ["", "0", "01", "1.0", "-1", "../1", "one", "٣"])
def test_what_is_no_version_is_not_published(version: str, tmp_path: Path) -> None:
    with pytest.raises(NotPublished, match="is no version: versions are whole numbers from 1"):
        publish(tmp_path, version, contracts_of(REGISTRY))
    assert list(tmp_path.iterdir()) == []


def test_a_check_against_nothing_is_no_check(tmp_path: Path) -> None:
    with pytest.raises(NotPublished, match="no published version in"):
        versions(tmp_path)
    (tmp_path / "contracts/published/1").mkdir(parents=True)
    with pytest.raises(NotPublished, match="holds no messages"):
        versions(tmp_path)
    (tmp_path / "contracts/published/1/hold.json").write_text("[{}]")
    with pytest.raises(NotPublished, match=r"hold.json cannot be read"):
        versions(tmp_path)
