"""A file is read whole before anything runs: what it says is understood, and every fault is told with its line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.simulate.document import Fault
from deploy.simulate.gateway import Ways
from deploy.simulate.local import read_instant, written
from deploy.simulate.parse import Faults, parse
from deploy.simulate.scenario import Standing
from shared.contracts.hold import GrantPoc, TopUp
from tests.support.seeds import seeded, tell_seed

WHOLE = b"""
scenario: renew a server two months
prices: {s-general-1x1: {kind: server, vnd: 181000, per: 30d}}
accounts: {acme: {mode: prepaid, credit: 1000000, email: a@example.com, poc: {amount: 5, until: "2026-04-30T00:00"}}}
coupons: {SAVE: {amount: 150000, products: [vserver]}}
resources:
  - {resource: srv-1, kind: server, flavor: s-general-1x1, account: acme, cluster: k1, billing: poc,
     from: "2026-03-01T00:00", until: "2026-04-30T00:00"}
provider: {fail: {srv-9: 1}}
gateway: {ways: [declines, late], late: 14}
steps:
  - at: "2026-03-06T00:00"
    send: GrantPoc
    id: grant-1
    copies: 2
    data: {account: acme, amount: 100, until: "2026-05-01T00:00"}
  - at: "2026-03-15T10:31"
    expect:
      wallets: {acme: {credit: {total: 457000}}}
"""


def faults(text: str) -> list[str]:
    with pytest.raises(Faults) as raised:
        parse(text.encode())
    return [f"{fault.line}: {fault.sentence}" for fault in raised.value.faults]


def test_a_whole_file_is_understood() -> None:
    scenario = parse(WHOLE)
    assert scenario.name == "renew a server two months"
    assert scenario.prices[0].data == {
        "flavor": "s-general-1x1",
        "kind": "server",
        "vnd": 181000,
        "per": "30d",
    }
    (account,) = scenario.accounts
    assert (account.credit, account.poc_amount) == (1_000_000, 5)
    assert account.poc_until == datetime(2026, 4, 29, 17, tzinfo=UTC)
    assert scenario.ways == Ways(("declines", "late"), timedelta(minutes=1), timedelta(minutes=14))
    assert scenario.coupons[0].data == {"code": "SAVE", "amount": 150_000, "products": ["vserver"]}
    assert scenario.resources == [
        Standing(
            *(7, "srv-1", "acme", "server", "s-general-1x1", 1, "k1", "poc"),
            *(datetime(2026, 2, 28, 17, tzinfo=UTC), datetime(2026, 4, 29, 17, tzinfo=UTC), False),
        )
    ]
    assert [(plan.resource, plan.outcome, plan.times) for plan in scenario.plans] == [("srv-9", "refuse", 1)]


def test_a_step_asks_what_the_message_can_say_at_local_time() -> None:
    first, second = parse(WHOLE).steps
    assert first.send is not None
    assert first.at == datetime(2026, 3, 5, 17, tzinfo=UTC)
    assert first.send.message == GrantPoc(
        account="acme", amount=100, until=datetime(2026, 4, 30, 17, tzinfo=UTC)
    )
    assert (first.send.id, first.send.copies, first.expect) == ("grant-1", 2, None)
    assert second.send is None
    assert second.expect is not None
    assert list(second.expect.sections) == ["wallets"]


def test_a_truth_can_be_the_name_of_a_field() -> None:
    scenario = parse(
        b"scenario: x\nsteps:\n"
        b"  - {at: 2026-03-06T00:00, send: SetAutoRenew, data: {account: acme, resource: srv-1, on: off}}"
    )
    assert scenario.steps[0].send is not None
    assert dict(scenario.steps[0].send.message)["on"] is False


def test_a_text_of_digits_is_a_text() -> None:
    scenario = parse(
        b"scenario: x\nsteps:\n  - {at: 2026-03-06, send: TopUp, data: {account: 12, amount: 1, reference: 0123}}"
    )
    assert scenario.steps[0].send is not None
    assert scenario.steps[0].send.message == TopUp(account="12", amount=1, reference="0123")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-06T00:00", datetime(2026, 3, 5, 17, tzinfo=UTC)),
        ("2026-03-06", datetime(2026, 3, 5, 17, tzinfo=UTC)),
        ("2026-03-06 10:30:15", datetime(2026, 3, 6, 3, 30, 15, tzinfo=UTC)),
        ("2026-03-06T00:00Z", datetime(2026, 3, 6, tzinfo=UTC)),
        ("2026-03-06T00:00+01:00", datetime(2026, 3, 5, 23, tzinfo=UTC)),
        ("2026-02-30T00:00", None),
        ("2026-03-06T24:00", None),
        ("0001-01-01T00:00", None),
        ("tomorrow", None),
    ],
)
def test_a_time_is_the_business_s_own(text: str, instant: datetime | None) -> None:
    assert read_instant(text) == instant


def test_a_time_is_written_as_it_was_said() -> None:
    for text in ("2026-03-06T00:00", "2026-12-31T23:59", "2026-03-06T10:30:15"):
        instant = read_instant(text)
        assert instant is not None
        assert written(instant) == text
    assert written(datetime(2026, 3, 5, 17, tzinfo=UTC) + timedelta(minutes=1)) == "2026-03-06T00:01"


STEP = '\nsteps:\n  - {at: "2026-03-06T00:00", send: TopUp, data: {account: a, amount: 1, reference: r}}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("just words", ["1: a mapping with scenario, prices"]),
        ("scenario: x", ["1: a scenario: `steps` is missing"]),
        ("scenario: x\nsteps: []", ["2: steps: at least one step was expected"]),
        ("scenario: x\nsteps: 5", ["2: steps: a list was expected, not `5`"]),
        ("scenario: x\nstep: []", ["2: a scenario has no `step`; did you mean steps?"]),
        (f"scenario: x\nprices: {{a: {{kind: servr, vnd: 5}}}}{STEP}", ["2: kind: one of server, "]),
        (f"scenario: x\nprices: {{a: {{kind: server, vnd: 1.5}}}}{STEP}", ["2: vnd: a whole number from 0 on was"]),
        (f"scenario: x\nprices: {{a: {{kind: server, vnd: -5}}}}{STEP}", ["2: vnd: a whole number from 0 on was"]),
        (f"scenario: x\nprices: [a]{STEP}", ["2: prices: a mapping was expected, not a list"]),
        (f"scenario: x\naccounts: {{a b: {{}}}}{STEP}", ["2: accounts: an id (letters"]),
        (f"scenario: x\naccounts: {{a: {{credit: '5'}}}}{STEP}", ["2: credit: a whole number from 0 on was"]),
        (f"scenario: x\naccounts: {{a: {{poc: {{amount: 5}}}}}}{STEP}", ["2: the POC wallet of a: `until` is"]),
        (f"scenario: x\ncoupons: {{C: {{amount: 5, products: [vserv]}}}}{STEP}", ["2: products: one of vserver"]),
        (f"scenario: x\nprovider: {{fail: {{s: 0}}}}{STEP}", ["2: fail.s: a whole number from 1 on was"]),
        (f"scenario: x\nprovider: {{fails: {{s: 1}}}}{STEP}", ["2: provider has no `fails`; did you mean fail?"]),
        (f"scenario: x\ngateway: {{ways: [pay]}}{STEP}", ["2: ways: one of pays, declines, late"]),
        (f"scenario: x\ngateway: {{soon: 0}}{STEP}", ["2: soon: a whole number from 1 on was"]),
        (f"scenario: x\ngateway: {{way: pays}}{STEP}", ["2: gateway has no `way`; did you mean ways?"]),
        ("scenario: x\nsteps:\n  - {send: TopUp, data: {account: a, amount: 1, reference: r}}", ["3: a step: `at` is"]),
        ("scenario: x\nsteps:\n  - at: 25:00\n    expect: {}", ["3: at: a local time, as"]),
        ("scenario: x\nsteps:\n  - {at: 0001-02-03, expect: {}}", ["3: at: a time between the years 2000 and 2200"]),
        ("scenario: x\nsteps:\n  - {at: 2026-03-06}", ["3: a step: `send` or `expect` was expected"]),
        ("scenario: x\nsteps:\n  - {at: 2026-03-06, expect: {}, data: {}}", ["3: a step: `data` belongs to a command"]),
        ("scenario: x\nsteps:\n  - {at: 2026-03-06, send: Topup, data: {}}", ["3: send: there is no command `Topup`"]),
        ("scenario: x\nsteps:\n  - {at: 2026-03-06, send: PlaceCharge, data: {}}", ["3: send: there is no command"]),
        ("scenario: x\nsteps:\n  - {at: 2026-03-06, send: TopUp}", ["3: a step: `data` is missing"]),
        ("scenario: x\nsteps:\n  - at: 2026-03-06\n    send: TopUp\n    data:\n      account: a\n      amount: 1.0\n"
         "      reference: r", ["7: TopUp.amount: a whole number was expected, not `1.0`"]),
        ("scenario: x\nsteps:\n  - at: 2026-03-06\n    send: TopUp\n    data:\n      account: a\n      amont: 1\n",
         ["7: TopUp has no `amont`; did you mean amount"]),
        ("scenario: x\nsteps:\n  - at: 2026-03-06\n    send: TopUp\n    data:\n      account: a\n      amount: 1\n",
         ["6: TopUp: `reference` is missing"]),
        ("scenario: x\nsteps:\n  - at: 2026-03-06\n    send: GrantPoc\n    data:\n      account: a\n      amount: 1\n"
         "      until: soon", ["8: GrantPoc.until: a local time, as"]),
        ("scenario: x\nsteps:\n  - at: 2026-03-06\n    send: Buy\n    data:\n      account: a\n      pay: cash\n"
         "      items:\n        - {resource: s, kind: server, flavor: f}", ["7: Buy.pay: "]),
        ("scenario: x\nsteps:\n  - at: 2026-03-06\n    send: Buy\n    data:\n      account: a\n      pay: credit\n"
         "      items:\n        - {resource: s, kind: server, flavour: f}", ["9: Buy.items has no `flavour`; did you"]),
        ("scenario: x\nsteps:\n  - {at: 2026-03-06, expect: {wallet: {}}}", ["3: expect has no `wallet`; did you"]),
        ("scenario: x\nsteps:\n  - {at: 2026-03-06, expect: {wallets: {a: {credit: {sum: 1}}}}}",
         ["3: wallets.a.credit has no `sum`"]),
        ("scenario: x\nsteps:\n  - {at: 2026-03-06, expect: {wallets: {a: {credit: {total: many}}}}}",
         ["3: wallets.a.credit.total: a whole number was expected, not `many`"]),
        ("scenario: x\nsteps:\n  - {at: 2026-03-06, expect: {invoices: 5}}", ["3: invoices: a mapping or a list was"]),
        ("scenario: x\nsteps:\n  - {at: 2026-03-06, expect: {}}\n  - {at: 2026-03-05, expect: {}}",
         ["4: at: 2026-03-05T00:00 lies before the step above it"]),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line_and_what_was_expected(text: str, told: list[str]) -> None:
    found = faults(text)
    assert len(found) == len(told), found
    for one, start in zip(found, told, strict=True):
        assert one.startswith(start), one


RESOURCES = """scenario: x
prices: {a: {kind: server, vnd: 5}}
accounts: {acme: {credit: 5}}
resources:
  - {resource: s, kind: server, flavor: a, account: acme, billing: prepaid, from: 2026-03-01, until: 2026-04-01}
"""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{resource: t, kind: server, flavor: b, account: acme, billing: poc}", "no price is given for `b`"),
        (
            "{resource: t, kind: server, flavor: a, account: acne, billing: poc}",
            "no account `acne`; did you mean acme",
        ),
        ("{resource: t, kind: server, flavor: a, account: acme, billing: prepaid}", "`until` is missing"),
        (
            "{resource: t, kind: server, flavor: a, account: acme, billing: poc, from: 2026-04-01}",
            "`from` must not lie",
        ),
        (
            "{resource: t, kind: server, flavor: a, account: acme, billing: poc, until: 2026-03-01}",
            "`until` must lie",
        ),
        ("{resource: s, kind: server, flavor: a, account: acme, billing: poc}", "s stands here twice"),
        ("{resource: t, kind: server, account: acme, billing: poc}", "`flavor` is missing"),
    ],
)
def test_a_resource_must_be_one_that_can_have_been_bought(line: str, told: str) -> None:
    (found,) = faults(f"{RESOURCES}  - {line}{STEP}")
    assert found.startswith("6: ")
    assert told in found


def test_several_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    found = faults(
        "scenario: x\naccounts: {a: {credit: x}}\nsteps:\n  - {at: x, expect: {}}\n  - {at: y, expect: {}}"
    )
    assert [one.partition(":")[0] for one in found] == ["2", "4", "5"]


_NOISE = st.sampled_from([b"", b" ", b"\n", b"\t", b":", b"- ", b"{", b"}", b"[", b"]", b"'", b'"', b"&a", b"*a", b"!x", b"\x00",
                          b"\xff", b"null", b"-1", b"9" * 40, b"1.5", b"<<", b"%", b"|", b"0001-01-01", b"on"])  # fmt: skip


@seeded
@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 12), _NOISE), max_size=4))
def test_whatever_stands_in_a_file_it_is_a_scenario_or_its_faults_have_lines(
    changes: list[tuple[int, int, bytes]],
) -> None:
    tell_seed()
    data = WHOLE
    for place, gone, noise in changes:
        data = data[:place] + noise + data[place + gone :]
    lines = data.count(b"\n") + 1
    assert all(0 < fault.line <= lines and fault.sentence for fault in _found(data))


def _found(data: bytes) -> list[Fault]:
    try:
        parse(data)
    except Faults as found:
        return found.faults
    return []
