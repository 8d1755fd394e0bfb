"""docs/orchestration.md tells what the tests with Airflow do."""

from __future__ import annotations

import re
from pathlib import Path

from docs.blocks import blocks
from orchestration.airflow_engine import SERVICES, WORKER, own_settings, shared_settings
from orchestration.page import PAGE, block

RUN_ELSEWHERE = {
    "make install": "the tests are run by what it installs",
    "airflow dags unpause": "test_killed_worker",
    "airflow dags trigger": "test_killed_worker",
    "airflow db migrate\nairflow dags test": "test_one_machine",
    "airflow pools set": "test_one_machine",
}


def test_the_services_and_workers_are_started_as_in_the_test() -> None:
    services = block("airflow db migrate\nairflow api-server").text.splitlines()
    assert services == ["airflow db migrate", *(f"airflow {service}" for service in SERVICES)]
    assert block("airflow celery worker").text.startswith(f"airflow {' '.join(WORKER)} ")


def test_every_other_block_is_run() -> None:
    texts = [one.text for one in blocks(PAGE, "sh")]
    assert len(texts) == len(RUN_ELSEWHERE) + 2
    for beginning in RUN_ELSEWHERE:
        assert len([text for text in texts if text.startswith(beginning)]) == 1


def test_the_variables_are_those_of_the_test(tmp_path: Path) -> None:
    table = PAGE.read_text(encoding="utf-8").partition("Everywhere")[2].partition("The workers")[0]
    told = set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))
    known = own_settings(tmp_path) | shared_settings(0, "", "")
    assert told == set(known)
