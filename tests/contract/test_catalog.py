"""What the catalog selects: streams in every combination, and single properties."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from contract.applies import each
from contract.commands import Run
from contract.conftest import Plain
from contract.erps import CONTAAZUL, OMIE, Erp
from contract.ledger import QUARTER, by_key, without
from contract.world import World

STREAMS = ("periods", "subledger", "trial_balance", "validation_issues")
JANUARY = QUARTER[0]
SUBLEDGER_TOTALS = {
    "entry_count": None,
    "subledger_debit": None,
    "subledger_credit": None,
    "is_reconciled": None,
}


def deselect(catalog: dict[str, Any], *names: str) -> dict[str, Any]:
    """The catalog with streams, or properties as `stream.property`, deselected."""
    for entry in catalog["streams"]:
        stream = entry["tap_stream_id"]
        for item in entry["metadata"]:
            path = ".".join([stream, *item["breadcrumb"][1:]])
            if path in names:
                item["metadata"]["selected"] = False
            elif not item["breadcrumb"]:
                item["metadata"]["selected"] = True
    return catalog


def ids(catalog: dict[str, Any]) -> set[str]:
    """Every stream there is."""
    return {entry["tap_stream_id"] for entry in catalog["streams"]}


def choices(erp: Erp) -> list[tuple[str, ...]]:
    """Every combination for one ERP of each kind; single streams and none for the others."""
    every = [
        tuple(name for name, chosen in zip(STREAMS, choice, strict=True) if chosen)
        for choice in product((True, False), repeat=len(STREAMS))
    ]
    return every if erp in (OMIE, CONTAAZUL) else [one for one in every if len(one) < 2]


@each("selected", choices, lambda names: "+".join(names) or "nothing")
def test_streams_are_selected_one_by_one(
    world: World, catalog: dict[str, Any], selected: tuple[str, ...]
) -> None:
    # One finding, so that every stream has a row to show.
    world.break_balance()
    deselect(catalog, *(ids(catalog) - set(selected)))
    run = world.good(catalog=catalog, end_date="2024-01-31")
    assert {one["stream"] for one in run.messages if one["type"] == "RECORD"} == set(selected)
    if "subledger" in selected:
        assert by_key(without(run.records("subledger"))) == world.truth.subledger(JANUARY)
    elif world.erp.by_account and world.erp.reported:
        asked = world.sim.requests.count(world.erp.name, world.erp.postings.endpoint)
        assert asked == 0
    if "trial_balance" in selected:
        assert without(run.records("trial_balance")) == world.truth.trial_balance(JANUARY)
    if "periods" in selected:
        absent = {} if "subledger" in selected else SUBLEDGER_TOTALS
        expected = world.truth.header(JANUARY, is_balanced=False, issue_count=2, **absent)
        assert without(run.records("periods")) == [expected]
    if selected:
        for stream in selected:
            assert run.bookmark(stream, world.truth.id) == "2024-01-31"


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        ("trial_balance", "account_name"),
        ("trial_balance", "net_closing_balance"),
        ("subledger", "description"),
        ("periods", "is_balanced"),
    ],
)
def test_a_property_is_deselected(
    same: World, brief: Plain, catalog: dict[str, Any], stream: str, name: str
) -> None:
    run = same.good(catalog=deselect(catalog, f"{stream}.{name}"))
    for other in STREAMS:
        dropped = [name] if other == stream else []
        assert without(run.records(other)) == without(brief.run.records(other), *dropped)
    assert all(name not in row for row in run.records(stream))
    assert run.state == brief.run.state


def test_keys_cannot_be_deselected(same: World, brief: Plain, catalog: dict[str, Any]) -> None:
    names = "trial_balance.account_code", "subledger.entry_id", "periods.period_end"
    run = same.good(catalog=deselect(catalog, *names))
    assert rows(run) == rows(brief.run)


@pytest.mark.parametrize("older", [False, True], ids=["of now", "of an earlier release"])
def test_what_dates_a_row_cannot_be_deselected(
    same: World, catalog: dict[str, Any], *, older: bool
) -> None:
    for entry in catalog["streams"]:
        said = {one["breadcrumb"][-1]: one["metadata"] for one in entry["metadata"][:-1]}
        assert said["extracted_at"]["inclusion"] == "automatic", entry["tap_stream_id"]
        for name, metadata in said.items():
            metadata["selected"] = name == "basis"
        if older:
            said["extracted_at"]["inclusion"] = "available"
    run = same.good(catalog=catalog)
    stays = {}
    for message in run.messages:
        if message["type"] == "SCHEMA":
            stays[message["stream"]] = {*message["key_properties"], "period_end", "extracted_at"}
            assert set(message["schema"]["properties"]) - {"basis"} == stays[message["stream"]]
        elif message["type"] == "RECORD":
            assert set(message["record"]) - {"basis"} == stays[message["stream"]]
    assert set(stays) == ids(catalog)
    assert all("basis" in row for row in run.records("periods"))


def test_several_companies_without_headers(
    same: World, brief: Plain, catalog: dict[str, Any]
) -> None:
    run = same.good(catalog=deselect(catalog, "periods"))
    assert rows(run) == rows(brief.run) | {"periods": []}


def choose(catalog: dict[str, Any], place: str, **chosen: str) -> dict[str, Any]:
    """The catalog as discovered, with a choice for one stream: in its metadata, or its entry."""
    entry = next(one for one in catalog["streams"] if one["tap_stream_id"] == "trial_balance")
    (root,) = [item for item in entry["metadata"] if not item["breadcrumb"]]
    for name, value in chosen.items():
        if place == "entry":
            entry[name] = value
        else:
            root["metadata"][name.replace("_", "-")] = value
        if place == "metadata alone":
            del entry[name]
    return catalog


def assert_reads_all(run: Run, brief: Plain) -> None:
    """The run gives what one without a state gives."""
    assert rows(run) == rows(brief.run)
    assert run.state == brief.run.state


@pytest.mark.parametrize("place", ["metadata", "metadata alone", "entry"])
def test_full_table_reads_from_the_start(
    same: World, brief: Plain, catalog: dict[str, Any], place: str
) -> None:
    chosen = choose(catalog, place, replication_method="FULL_TABLE")
    assert_reads_all(same.good(catalog=chosen, state=brief.run.state), brief)


def test_the_usual_method_in_the_metadata_overrules_no_entry(
    same: World, brief: Plain, catalog: dict[str, Any]
) -> None:
    choose(catalog, "entry", replication_method="FULL_TABLE")
    choose(catalog, "metadata", replication_method="INCREMENTAL")
    assert_reads_all(same.good(catalog=catalog, state=brief.run.state), brief)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"replication_method": "LOG_BASED"}, "LOG_BASED as replication method of trial_balance"),
        ({"replication_key": "extracted_at"}, "extracted_at as replication key of trial_balance"),
    ],
)
@pytest.mark.parametrize("place", ["metadata", "metadata alone", "entry"])
def test_what_no_stream_does_is_refused(
    same: World, catalog: dict[str, Any], chosen: dict[str, str], said: str, place: str
) -> None:
    run = same.bad(catalog=choose(catalog, place, **chosen))
    assert said in run.last_error
    assert not run.messages or {one["type"] for one in run.messages} <= {"SCHEMA", "STATE"}


def rows(run: Run) -> dict[str, list[dict[str, Any]]]:
    """The rows of every stream but for the time."""
    return {stream: without(run.records(stream)) for stream in STREAMS}


def test_no_stream_at_all_is_told(world: World, catalog: dict[str, Any]) -> None:
    run = world.good(catalog=deselect(catalog, *ids(catalog)))
    assert run.records("periods") == []
    assert "no stream is selected, so nothing is read" in run.stderr
