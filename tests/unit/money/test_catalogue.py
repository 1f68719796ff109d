"""The catalogue says of each kind what the business rules say, and a file that says less is not taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import catalogue
from shared.catalogue import KINDS, SHIPPED, adopt, of, read
from shared.contracts.parts import Kind

ON_TRIAL: list[Kind] = [
    "server",
    "volume",
    "project",
    "database",
    "quota",
    "cdn",
    "waf",
    "k8s_node",
    "k8s_volume",
]


@pytest.fixture
def _flags_as_shipped() -> Iterator[None]:
    yield
    adopt(read(SHIPPED))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "catalogue.toml"
    path.write_text(text)
    return path


def test_what_is_metered_is_held_for_and_everything_else_is_paid_before() -> None:
    held = {kind: of(kind).metered_by for kind in KINDS if of(kind).billing == "hold"}
    assert held == {
        "k8s_node": "minute",
        "k8s_volume": "minute",
        "snapshot": "gb_hour",
        "registry": "gb_hour",
    }


def test_the_poc_wallet_pays_for_no_load_balancer_no_address_and_no_snapshot_in_a_cluster() -> None:
    assert [kind for kind in KINDS if of(kind).allows_poc(in_cluster=True)] == ON_TRIAL
    assert [kind for kind in KINDS if of(kind).allows_poc(in_cluster=False)] == [
        *ON_TRIAL,
        "snapshot",
        "registry",
    ]


def test_stop_poc_of_a_cluster_takes_its_servers_volumes_and_nodes_only() -> None:
    assert [kind for kind in KINDS if of(kind).converts] == ["server", "volume", "k8s_node", "k8s_volume"]


def test_coupons_refunds_and_renewals_are_for_what_is_paid_before() -> None:
    for kind in KINDS:
        flags = of(kind)
        assert {flags.coupon, flags.refund, flags.renew, flags.auto_renew} == {flags.billing == "prepaid"}


def test_a_deleted_load_balancer_is_gone_and_other_prepaid_kinds_wait_seven_days() -> None:
    waits = {kind: of(kind).trash_days for kind in KINDS if of(kind).billing == "prepaid"}
    assert {kind for kind, days in waits.items() if days != 7} == {"load_balancer"}
    assert waits["load_balancer"] == 0


@pytest.mark.usefixtures("_flags_as_shipped")
def test_an_operators_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    shipped = SHIPPED.read_text()
    own = shipped.replace('poc = "no"', 'poc = "yes"')
    adopt(read(written(tmp_path, own)))
    assert catalogue.of("load_balancer").allows_poc(in_cluster=True)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("[waf]", "[wif]", "wif"),
        ('product = "vcr"', "", "registry.product"),
        ("trash_days = 0", "trash_days = -1", "trash_days"),
        ("coupon = true", 'coupon = "true"', "coupon"),
        ("coupon = true", "coupons = true", "coupons"),
        (
            'metered_by = "minute"\n',
            "",
            "metered_by is for what is billed by hold, and for all of it: k8s_node",
        ),
        ('poc = "no"', 'poc = "no"\nmetered_by = "minute"', "metered_by is for .*: eip"),
        ("[server]", "[server", "line 16"),
    ],
)
def test_a_wrong_file_is_not_taken_and_says_where_it_is_wrong(
    tmp_path: Path, before: str, after: str, why: str
) -> None:
    wrong = SHIPPED.read_text().replace(before, after)
    with pytest.raises(ValueError, match=why):
        read(written(tmp_path, wrong))


def test_a_file_that_leaves_out_a_kind_names_it(tmp_path: Path) -> None:
    whole = SHIPPED.read_text()
    with pytest.raises(ValueError, match="nothing is said of snapshot, registry"):
        read(written(tmp_path, whole[: whole.index("[snapshot]")]))


@pytest.mark.parametrize(("days", "fits"), [(0, False), (1, True), (31, True), (32, False)])
def test_credit_is_held_for_three_days_to_come_or_as_many_as_a_file_says(
    tmp_path: Path, days: int, fits: bool
) -> None:
    assert {of(kind).held_days for kind in KINDS} == {3}
    path = written(tmp_path, SHIPPED.read_text().replace("[k8s_node]\n", f"[k8s_node]\nheld_days = {days}\n"))
    if fits:
        assert read(path)["k8s_node"].held_days == days
    else:
        with pytest.raises(ValueError, match="held_days"):
            read(path)
