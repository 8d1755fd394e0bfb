"""What a run is asked for becomes options and variables of the company's own, and nothing else."""

from __future__ import annotations

import pytest

from erp_orchestration.plan import Company
from erp_orchestration.run_parameters import RunParameters

DATAHUB = Company("DATAHUB", "datahub", "tap-omie", "tap-omie--datahub", "target-postgres")
WORKER = {
    "PATH": "/bin",
    "TAP_OMIE__DATAHUB_APP_KEY": "key",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://",
    "AIRFLOW_CTX_DAG_ID": "portfolio-daily",
    "_AIRFLOW__AS_LIBRARY": "1",
}


def test_a_schedule_asks_for_nothing() -> None:
    parameters = RunParameters.of({"companies": [], "start_date": None, "lookback_periods": None})
    assert parameters.includes(DATAHUB)
    assert parameters.command(DATAHUB) == ["meltano", "--log-format=json", "run", "datahub"]
    assert parameters.environment(DATAHUB, WORKER) == {
        "PATH": "/bin",
        "TAP_OMIE__DATAHUB_APP_KEY": "key",
    }


def test_some_companies() -> None:
    assert RunParameters.of({"companies": ["MERCOS", "DATAHUB"]}).includes(DATAHUB)
    assert not RunParameters.of({"companies": ["MERCOS"]}).includes(DATAHUB)


def test_a_backfill_reads_everything_again_from_its_day() -> None:
    parameters = RunParameters.of({"start_date": "2023-01-01"})
    assert parameters.command(DATAHUB)[-2:] == ["--full-refresh", "datahub"]
    assert parameters.environment(DATAHUB, {}) == {"TAP_OMIE__DATAHUB_START_DATE": "2023-01-01"}


@pytest.mark.parametrize("periods", [0, 5])
def test_a_month_that_was_reopened_is_looked_back_to(periods: int) -> None:
    parameters = RunParameters.of({"lookback_periods": periods})
    assert "--full-refresh" not in parameters.command(DATAHUB)
    environment = parameters.environment(DATAHUB, {})
    assert environment == {"TAP_OMIE__DATAHUB_LOOKBACK_PERIODS": str(periods)}


@pytest.mark.parametrize("day", ["01/01/2023", "2023-13-01", "$(id)"])
def test_what_is_no_date_is_refused(day: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month must be"):
        RunParameters.of({"start_date": day})


def test_nothing_forces_its_way_past_a_run_that_goes_on() -> None:
    for params in ({}, {"start_date": "2023-01-01"}, {"lookback_periods": 2}):
        assert "--force" not in RunParameters.of(params).command(DATAHUB)
