"""Every company of the portfolio is one task of each schedule, and runs its job of meltano.yml."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from e2e.commands import PROJECT
from erp_orchestration.plan import MELTANO, PORTFOLIO, PlanError, pools, schedules
from erp_orchestration.run_parameters import RunParameters
from house.portfolio import LOADER, SCHEDULES, extractors, jobs, own, portfolio

DAGS = PROJECT / "orchestrate" / "airflow"
# What Airflow's parser of DAGs has to import for the plan: itself, YAML and the standard library.
HEAVY = {"erp_common", "singer_sdk", "msgspec", "sqlalchemy", "psycopg", "requests"}


def project(folder: Path, text: str, meltano_of: str | None = None) -> Path:
    """A project with this portfolio, and a meltano.yml that was written from it or another one."""
    companies = portfolio(text if meltano_of is None else meltano_of)
    (folder / PORTFOLIO).parent.mkdir(parents=True)
    (folder / PORTFOLIO).write_text(text, encoding="utf-8")
    plugins = {"plugins": {"extractors": yaml.safe_load(extractors(companies))}}
    planned = yaml.safe_load(jobs(companies))
    (folder / MELTANO).write_text(yaml.safe_dump(plugins | planned), encoding="utf-8")
    return folder


def test_every_schedule_has_one_task_for_each_company() -> None:
    planned = schedules(PROJECT)
    assert {schedule.name: schedule.interval for schedule in planned} == SCHEDULES
    for schedule in planned:
        assert [company.code for company in schedule.companies] == [
            member.code for member in own().members
        ]
        assert len({company.job for company in schedule.companies}) == len(own().members)


def test_a_task_runs_what_meltano_yml_has_for_its_company() -> None:
    written = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))
    its = {job["name"]: job["tasks"] for job in written["jobs"]}
    loaders = {plugin["name"]: plugin for plugin in written["plugins"]["loaders"]}
    for company, member in zip(schedules(PROJECT)[0].companies, own().members, strict=True):
        command = RunParameters().command(company)
        assert command == ["meltano", "--log-format=json", "run", member.job]
        assert its[company.job] == [f"{company.extractor} {company.loader}"]
        assert (company.extractor, company.tap) == (member.extractor, member.tap)
        assert (company.prefix, company.loader) == (member.prefix, LOADER)
        assert "tie-out" in loaders[company.loader]["commands"]


def test_a_company_more_is_a_task_more(tmp_path: Path) -> None:
    text = 'start_date: "2024-01-01"\ncompanies: {A_B: bling, C: totvs_protheus}\n'
    [daily, monthly] = schedules(project(tmp_path, text))
    assert [company.job for company in daily.companies] == ["a-b", "c"]
    assert daily.companies == monthly.companies


def test_a_schedule_of_some_companies_reads_those(tmp_path: Path) -> None:
    text = 'start_date: "2024-01-01"\ncompanies: {A: bling, B: omie}\n'
    file = project(tmp_path, text) / MELTANO
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    written["schedules"].append({"name": "early", "interval": "0 4 * * *", "job": "a"})
    file.write_text(yaml.safe_dump(written), encoding="utf-8")
    assert [company.code for company in schedules(tmp_path)[-1].companies] == ["A"]


@pytest.mark.parametrize("meltano_of", ["A", "B"])
def test_a_company_that_meltano_yml_does_not_know_is_told(tmp_path: Path, meltano_of: str) -> None:
    begin = 'start_date: "2024-01-01"\ncompanies: '
    folder = project(
        tmp_path, f"{begin}{{A: omie, B: bling}}\n", f"{begin}{{{meltano_of}: omie}}\n"
    )
    missing = ({"A", "B"} - {meltano_of}).pop()
    with pytest.raises(PlanError, match=f"^{missing} has no job .* run `make readme`"):
        schedules(folder)


def test_a_company_that_no_schedule_reads_is_told(tmp_path: Path) -> None:
    text = 'start_date: "2024-01-01"\ncompanies: {A: bling, B: omie}\n'
    file = project(tmp_path, text) / MELTANO
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    written["schedules"] = [{"name": "early", "interval": "0 4 * * *", "job": "a"}]
    file.write_text(yaml.safe_dump(written), encoding="utf-8")
    with pytest.raises(PlanError, match=r"^No schedule in meltano\.yml reads B: "):
        schedules(tmp_path)


def test_pools_are_named_by_taps_that_a_company_has() -> None:
    planned = schedules(PROJECT)
    assert pools("", planned) == frozenset()
    assert pools("tap-contaazul, tap-omie,", planned) == {"tap-contaazul", "tap-omie"}
    with pytest.raises(PlanError, match="names tap-conta: choose from tap-bling, "):
        pools("tap-conta,tap-omie", planned)


def test_only_the_operators_and_the_dags_know_airflow_and_none_the_taps() -> None:
    known: dict[str, set[str]] = {}
    for file in DAGS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            else:
                continue
            for name in names:
                known.setdefault(name.partition(".")[0], set()).add(file.name)
    assert known["airflow"] == {"operators.py", "erp_portfolio.py"}
    # Run by the loader's Python, which has it; neither the engine nor the operators import it.
    assert known.pop("psycopg") == {"tie_out.py"}
    assert not HEAVY.intersection(known)
