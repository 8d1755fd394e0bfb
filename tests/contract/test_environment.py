"""Settings in the environment: by whole and by part, empty ones, and those that nothing reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract.conftest import Build
from contract.world import World
from e2e.commands import TapRunner

pytestmark = pytest.mark.slow


def variables(world: World, **more: str) -> dict[str, str]:
    """The world's settings as variables, but for its allowance."""
    prefix = world.erp.command.upper().replace("-", "_") + "_"
    given = {name: value for name, value in world.settings().items() if name != "rate_limit"}
    whole = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in given.items()
    }
    return {prefix + name.upper(): value for name, value in (whole | more).items()}


@pytest.fixture
def world(build: Build) -> World:
    return build(entries_per_month=2)


@pytest.mark.parametrize(
    "allowance",
    [
        {"rate_limit": '{"requests": 100000, "burst": 1000}'},
        {"rate_limit_requests": "100000", "rate_limit_burst": "1000"},
        {"rate_limit": '{"requests": 1, "burst": 1000}', "rate_limit_requests": "100000"},
        {"rate_limit__requests": "100000", "rate_limit__burst": "1000", "end_date": ""},
    ],
    ids=["whole", "parts", "a part wins", "two underscores"],
)
def test_parts_of_objects_have_names_of_their_own(
    world: World, run_tap: TapRunner, allowance: dict[str, str]
) -> None:
    env = variables(world, **allowance)
    run = run_tap(world.erp.command, None, args=["--config=ENV"], env=env)
    assert run.returncode == 0, run.stderr
    assert run.records("periods")
    assert "nothing reads" not in run.stderr


def test_a_wrong_part_is_named(world: World, run_tap: TapRunner) -> None:
    env = variables(world, rate_limit_requests="many", filters_level="3")
    run = run_tap(world.erp.command, None, args=["--config=ENV"], env=env)
    assert run.last_error.startswith("ConfigValidationError: rate_limit.requests must be a whole")


def test_a_variable_that_nothing_reads_is_told(world: World, run_tap: TapRunner) -> None:
    env = variables(world, retry_max_atempts="5")
    run = run_tap(world.erp.command, None, args=["--config=ENV"], env=env)
    prefix = world.erp.command.upper().replace("-", "_")
    assert run.returncode == 0
    assert (
        f"nothing reads {prefix}_RETRY_MAX_ATEMPTS in the environment: it is ignored; did you mean "
        f"{prefix}_RETRY_MAX_ATTEMPTS?"
    ) in run.stderr


def test_variables_without_config_env_are_told(world: World, run_tap: TapRunner) -> None:
    prefix = world.erp.command.upper().replace("-", "_")
    run = run_tap(world.erp.command, world.settings(), env={f"{prefix}_PERIOD": "year"})
    assert run.returncode == 0
    assert f"{prefix}_PERIOD in the environment is not read: add --config=ENV" in run.stderr


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"strat_date": "2024-01-01"}, "has no setting strat_date; did you mean start_date?"),
        ({"rate_limit.requests": 5}, 'write it as an object: "rate_limit": {"requests": …}'),
    ],
    ids=str,
)
def test_a_slip_is_told_beside_what_is_missing(
    world: World, wrong: dict[str, Any], told: str
) -> None:
    run = world.bad(start_date=..., **wrong)
    assert run.last_error.startswith("ConfigValidationError: start_date is missing; ")
    assert told in run.last_error


def test_a_misspelt_key_is_told_beside_the_right_one(world: World) -> None:
    name, *_ = next(iter(world.erp.logins.values()))
    wrong = name[:-2] + name[:-3:-1]
    run = world.bad(**{name: ..., wrong: "4711"})
    assert run.last_error.startswith(f"ConfigValidationError: {name} must be set for auth_type ")
    assert f"has no setting {wrong}; did you mean {name}?" in run.last_error
    assert "4711" not in run.last_error


def test_meltano_hands_over_what_it_has_read(world: World, run_tap: TapRunner) -> None:
    prefix = world.erp.command.upper().replace("-", "_")
    env = {
        "MELTANO_EXTRACTOR_NAME": world.erp.command,
        f"{prefix}_COMPANIES": "[]",
        f"{prefix}_DEBUG": "",
        f"{prefix}_PERIOD": "month",
        f"{prefix}_STRAT_DATE": "2024-01-01",
        f"{prefix}_STREAM_MAPS_ELSE": "handed on entry by entry",
    }
    run = run_tap(world.erp.command, world.settings(), env=env)
    assert run.returncode == 0, run.stderr
    told = [line for line in run.stderr.splitlines() if " in the environment" in line]
    assert len(told) == 2
    assert f"{prefix}_PERIOD in the environment is not read: Meltano knows no setting" in told[0]
    assert f"nothing reads {prefix}_STRAT_DATE in the environment" in told[1]
