"""What `twice` promises once the engine says it: two events that only their ids and numbers tell apart."""

from __future__ import annotations

from services.provisioning.service import PROVISIONING
from services.provisioning.state import Plan, Resource
from shared.contracts.cloudevents import Envelope
from shared.engine.batch import decide
from shared.engine.decision import Cause, Known
from shared.engine.intake import Read, StoredRecord
from shared.engine.service import Ask
from tests.support.spec import cause_id
from tests.unit.provisioning.cases import AT, change


def test_an_answer_given_twice_is_two_events_of_different_ids_in_their_order() -> None:
    ask, known, cause = change(), Known(), Cause(cause_id(1), "provisioning", AT)
    known.put(Resource("srv-1", Plan("twice", 1)), 7)
    envelope = Envelope(cause.id, ask.type, "/test", ask.key, cause.id)
    record = StoredRecord(PROVISIONING.commands, 3, 1, 0, None, None, ())
    [bundle] = decide(PROVISIONING, [Read(record, Ask(ask.key, ask, envelope, cause))], known, set()).bundles
    first, second = bundle.messages
    assert first.body == second.body
    assert first.envelope.id != second.envelope.id
    assert (first.envelope.sequence, second.envelope.sequence) == (8, 9)
