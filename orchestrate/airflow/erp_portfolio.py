"""The portfolio's schedules as DAGs: a task for each company, so that workers share the work.

docs/orchestration.md says how to set it up. These variables of the environment shape the DAGs, each
where the DAGs are parsed and where tasks run:

- `MELTANO_PROJECT_ROOT`: the project's folder, unless this file stands in it;
- `ERP_AIRFLOW_RETRY_SECONDS`: seconds until a company that failed is tried again (default: 360);
- `ERP_AIRFLOW_POOLS`: taps whose companies run in a pool of the tap's name, separated by commas.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.sdk import DAG, Param

from erp_orchestration.operators import Build, Prepare, ReadCompany, TieOut
from erp_orchestration.plan import Schedule, pools, schedules

PROJECT = Path(os.environ.get("MELTANO_PROJECT_ROOT") or Path(__file__).resolve().parents[2])
# Longer than the five minutes after which Meltano takes a silent run for dead: a try before that
# would be refused, and lost.
RETRY_SECONDS = int(os.environ.get("ERP_AIRFLOW_RETRY_SECONDS") or 360)
PLANNED = schedules(PROJECT)
POOLS = pools(os.environ.get("ERP_AIRFLOW_POOLS", ""), PLANNED)


def dag_of(schedule: Schedule) -> DAG:
    """The DAG of a schedule: prepare, then every company by itself, the tie-out, the close."""
    with DAG(
        dag_id=schedule.name,
        schedule=schedule.interval,
        # Any day in the past: a run reads what its state says, whenever it is due.
        start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        max_active_runs=1,
        default_args={
            "project": PROJECT,
            "retries": 3,
            "retry_delay": timedelta(seconds=RETRY_SECONDS),
            # A run that was ended goes on from its state. Celery gives a task to a second worker
            # after a day (visibility_timeout), so none may take that long.
            "execution_timeout": timedelta(hours=20),
        },
        params={
            "companies": Param(
                [],
                type="array",
                items={"enum": [company.code for company in schedule.companies]},
                description="The companies to read; none stands for all",
            ),
            "start_date": Param(
                None,
                type=["null", "string"],
                format="date",
                description="Backfill: read everything again, from this day (YYYY-MM-DD)",
            ),
            "lookback_periods": Param(
                None,
                type=["null", "integer"],
                minimum=0,
                description="A month was reopened: periods before the last to read again",
            ),
        },
        tags=["erp-taps"],
        doc_md=__doc__,
    ) as dag:
        first = Prepare(task_id="prepare", companies=schedule.companies)
        last = TieOut(task_id="tie-out", companies=schedule.companies, trigger_rule="all_done")
        # Whoever could not be read does not keep the others' books from being closed.
        last >> Build(task_id="build", after="tie-out", trigger_rule="all_done")
        for company in schedule.companies:
            pool = {"pool": company.tap} if company.tap in POOLS else {}
            task = ReadCompany(
                task_id=company.job, company=company, max_active_tis_per_dag=1, **pool
            )
            first >> task >> last
    return dag


for planned in PLANNED:
    dag_of(planned)
