"""The command line, as every SDK tap has it: the installed script itself, not a fork of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.applies import where
from contract.conftest import Build, Plain, books_for
from contract.erps import ACTIVE, BLING, OMIE, Erp
from contract.ledger import without
from contract.test_catalog import STREAMS, rows
from contract.test_messages import FIELDS, KEYS
from contract.world import World
from e2e.commands import TIMEOUT, TapRunner, environment, installed
from simulator import Simulator

pytestmark = pytest.mark.by_day("totvs", "bling")

SHARED = (
    "base_url companies api start_date end_date period lookback_periods filters"
    " subledger_accounts validation tolerance balance_convention fiscal_year_start_month"
    " account_type_prefixes closing_entries auth_type client_id client_secret token_url scope"
    " grant_type refresh_token username password access_token token_expires_in app_key app_secret"
    " api_key api_key_location token_store rate_limit retry retry_on_timeout circuit_breaker"
    " max_concurrency timeout extract_timeout health_check_timeout ca_bundle debug"
)
MASKED = "client_secret refresh_token password access_token app_key app_secret api_key"


@pytest.fixture
def script(erp: Erp, tmp_path: Path) -> Iterator[World]:
    """Small books, and the installed script to read them."""
    with Simulator(books_for(erp, entries_per_month=4)) as sim:
        yield World(erp, sim, TapRunner(tmp_path))


def test_the_installed_script_gives_the_same_rows(erp: Erp, brief: Plain, tmp_path: Path) -> None:
    with Simulator(brief.world.books) as sim:
        world = World(
            erp,
            sim,
            TapRunner(tmp_path),
            end_date=brief.world.end_date,
            files=brief.world.files,
        )
        run = world.good()
    assert rows(run) == rows(brief.run)
    assert run.state == brief.run.state


def test_discover(erp: Erp, catalog: dict[str, Any]) -> None:
    streams = {entry["tap_stream_id"]: entry for entry in catalog["streams"]}
    assert set(streams) == {*STREAMS, *erp.more_streams}
    for name in STREAMS:
        entry = streams[name]
        assert set(entry["schema"]["properties"]) == set(FIELDS[name].split())
        assert entry["key_properties"] == KEYS[name]
        assert entry["replication_key"] == "period_end"
        (whole,) = (item["metadata"] for item in entry["metadata"] if not item["breadcrumb"])
        assert whole["table-key-properties"] == KEYS[name]
        assert whole["selected"] is True


def about(world: World, *form: str) -> str:
    """What `--about` writes; it needs no settings."""
    done = world.command(["--about", *form], bare=True)
    assert done.returncode == 0, done.stderr
    assert len(world.sim.requests) == 0
    return done.stdout


def test_about(build: Build) -> None:
    world = build(entries_per_month=2)
    text = about(world)
    assert all(name in text for name in SHARED.split())
    described = json.loads(about(world, "--format=json"))
    assert described["name"] == world.erp.command
    properties = described["settings"]["properties"]
    wanted = {*SHARED.split(), *world.erp.own}
    assert wanted <= set(properties)
    others = {name for erp in ACTIVE for name in erp.own}
    assert not (others - wanted - {"page_size"}) & set(properties)
    for name in MASKED.split():
        assert properties[name]["secret"] is True
    assert properties["auth_type"]["default"] == world.erp.auth_types[0]
    assert set(properties["auth_type"]["enum"]) >= set(world.erp.auth_types)
    if not world.erp.settings:
        assert properties["base_url"]["default"] == world.erp.base_url
    if world.erp.page_size:
        assert properties["page_size"]["default"] == world.erp.page_size
    markdown = about(world, "--format=markdown")
    assert f"# `{world.erp.command}`" in markdown
    for name in wanted:
        assert name in markdown


def test_version(build: Build) -> None:
    done = build(entries_per_month=2).command(["--version"], bare=True)
    assert done.returncode == 0
    assert done.stdout.startswith(build.erp.command)


def test_test_asks_for_little(build: Build) -> None:
    world = build(entries_per_month=12)
    run = world.good(args=["--test"])
    for stream in ("periods", "trial_balance", "subledger"):
        assert len(run.records(stream)) == 1
    assert run.records("periods")[0]["is_reconciled"] is None
    assert "not compared" in run.stderr
    assert "RECONCILED" not in run.stderr
    if world.erp.filed:
        return
    full = world.sim.requests
    tried = len(full)
    full.clear()
    world.good()
    assert 0 < tried <= len(full)


@where(lambda erp: not erp.reported)
def test_test_states_the_balances_of_the_whole_period(build: Build) -> None:
    """They are the sums of all postings, though few of those are emitted."""
    world = build(entries_per_month=300)
    run = world.good(args=["--test"], end_date="2024-01-31", validation="strict")
    assert run.codes == []
    (header,) = run.records("periods")
    (whole,) = world.good(end_date="2024-01-31").records("periods")
    assert len(run.records("subledger")) == 1
    assert (header["total_debit"], header["is_balanced"]) == (whole["total_debit"], True)


def test_test_leaves_everything_to_the_next_run(build: Build) -> None:
    run = build(entries_per_month=12).good(args=["--test"], end_date="2024-01-31")
    assert len(run.records("periods")) == 1
    # A bookmark would say that all of the period came.
    assert "replication_key_value" not in json.dumps(run.states)


def test_test_schema_asks_for_nothing(build: Build) -> None:
    world = build(entries_per_month=2)
    run = world.good(args=["--test=schema"])
    described = {one["stream"] for one in run.messages if one["type"] == "SCHEMA"}
    assert described == {*STREAMS, *world.erp.more_streams}
    assert not [one for one in run.messages if one["type"] == "RECORD"]
    assert len(world.sim.requests) == 0


def test_test_tells_what_is_wrong(build: Build) -> None:
    world = build(entries_per_month=2)
    world.sim.stop()
    run = world.bad(args=["--test"])
    assert run.last_error.startswith("ERPConnectionError: ")


def as_environment(command: str, settings: dict[str, Any]) -> dict[str, str]:
    """Settings as environment variables: objects and lists as JSON, all else as text."""
    prefix = command.replace("-", "_").upper()
    return {
        f"{prefix}_{name}".upper(): value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }


def test_settings_from_the_environment(build: Build) -> None:
    """Objects and lists are JSON there, and numbers are text."""
    world = build(entries_per_month=4)
    expected = rows(world.good(filters={"level": 5}, lookback_periods=2))
    settings = world.settings(
        filters={"level": 5},
        lookback_periods=2,
        max_concurrency=2,
        tolerance=0.01,
        timeout=20.5,
        extract_timeout=60,
        debug=False,
        retry_on_timeout=True,
        fiscal_year_start_month=1,
    )
    world.sim.requests.clear()
    done = world.command(
        ["--config=ENV"], bare=True, env=as_environment(world.erp.command, settings)
    )
    assert done.returncode == 0, done.stderr
    assert rows(done) == expected
    assert world.sim.requests.most_in_flight(world.erp.name) > 0


def test_wrong_settings_from_the_environment(build: Build) -> None:
    world = build(entries_per_month=2)
    wrong = ("companies", "ACME"), ("lookback_periods", "many"), ("filters", "{"), ("timeout", "x")
    for name, value in wrong:
        settings = as_environment(world.erp.command, world.settings(**{name: value}))
        done = world.command(["--config=ENV"], bare=True, env=settings)
        assert done.returncode == 1
        assert done.last_error.startswith("ConfigValidationError: ")
        assert name in done.last_error


def test_several_config_files(build: Build, tmp_path: Path) -> None:
    """The last one that names a setting decides."""
    world = build(entries_per_month=4)
    files = ({"end_date": "2024-02-29"}, {"end_date": "2024-01-31", "period": "month"})
    options = []
    for number, content in enumerate(files):
        file = tmp_path / f"more-{number}.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        options += ["--config", str(file)]
    run = world.good(args=options)
    assert [row["period_end"] for row in run.records("periods")] == ["2024-01-31"]


def test_a_file_and_the_environment(build: Build) -> None:
    world = build(entries_per_month=4)
    keys = world.sim.credentials(world.erp.name)
    run = world.good(
        args=["--config=ENV"],
        env=as_environment(world.erp.command, keys),
        end_date="2024-01-31",
        **dict.fromkeys(keys, ...),
    )
    assert [row["period_end"] for row in run.records("periods")] == ["2024-01-31"]


def test_a_state_file(build: Build) -> None:
    world = build(entries_per_month=4)
    first = world.good()
    again = world.good(state=first.state, lookback_periods=0)
    ends = {row["period_end"] for row in again.records("periods")}
    assert "2024-03-31" in ends
    assert without(again.records("periods"))[-1] == without(first.records("periods"))[-1]


def test_a_config_file_that_is_not_there(build: Build) -> None:
    done = build(entries_per_month=2).command(["--config", "/nowhere.json"], bare=True)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "/nowhere.json" in done.stderr


def test_a_config_file_that_is_no_json(build: Build, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text('{"companies": [', encoding="utf-8")
    done = build(entries_per_month=2).command(["--config", str(file)], bare=True)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


@where(lambda erp: erp in (OMIE, BLING))
def test_a_reader_that_goes_away(script: World, tmp_path: Path) -> None:
    """A loader that ends is no reason for a traceback."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(script.settings()), encoding="utf-8")
    with subprocess.Popen(
        [installed(script.erp.command), "--config", file],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as tap:
        assert tap.stdout is not None
        assert tap.stderr is not None
        tap.stdout.close()
        told = tap.stderr.read().decode()
        assert tap.wait(TIMEOUT) == 1
    assert "Traceback" not in told
