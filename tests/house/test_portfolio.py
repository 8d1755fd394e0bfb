"""meltano.yml has an extractor and a job for each company of the portfolio, and for no other."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from house.portfolio import MELTANO, Member, extractors, jobs, own, portfolio, written

TEXT = 'start_date: "2024-01-01"\ncompanies:\n  A_B: bling\n  C: totvs_protheus\n'


def test_meltano_yml_is_up_to_date() -> None:
    text = MELTANO.read_text(encoding="utf-8")
    assert written(text, own()) == text, "run `make readme`"


def test_a_company_more_is_drift() -> None:
    text = MELTANO.read_text(encoding="utf-8")
    companies = own()
    more = type(companies)(companies.start, (*companies.members, Member("NOVA", "tap-omie")))
    grown = yaml.safe_load(written(text, more))
    assert written(text, more) != text
    names = [plugin["name"] for plugin in grown["plugins"]["extractors"]]
    assert names[-1] == "tap-omie--nova"
    assert "tap-omie--nova target-postgres" in grown["jobs"][-1]["tasks"]


def test_a_company_is_an_extractor_that_inherits_and_a_job() -> None:
    companies = portfolio(TEXT)
    assert companies.start == date(2024, 1, 1)
    assert yaml.safe_load(extractors(companies)) == [
        {
            "name": "tap-bling--a-b",
            "inherit_from": "tap-bling",
            "config": {
                "companies": [{"id": "A_B", "erp_id": "$TAP_BLING__A_B_ERP_ID"}],
                "start_date": "2024-01-01",
            },
        },
        {
            "name": "tap-totvs--c",
            "inherit_from": "tap-totvs",
            "config": {
                "companies": [{"id": "C", "erp_id": "$TAP_TOTVS__C_ERP_ID"}],
                "start_date": "2024-01-01",
            },
        },
    ]
    planned = yaml.safe_load(jobs(companies))
    assert planned["jobs"] == [
        {"name": "a-b", "tasks": ["tap-bling--a-b target-postgres"]},
        {"name": "c", "tasks": ["tap-totvs--c target-postgres"]},
        {
            "name": "portfolio",
            "tasks": ["tap-bling--a-b target-postgres", "tap-totvs--c target-postgres"],
        },
        {
            "name": "close",
            "tasks": [
                "tap-bling--a-b target-postgres",
                "tap-totvs--c target-postgres",
                "dbt-postgres:build",
            ],
        },
    ]
    assert {schedule["job"] for schedule in planned["schedules"]} == {"close"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('start_date: "2024-01-01"\ncompanies: {A: sage}\n', "A has 'sage', which is none of"),
        ('start_date: "2024-01-01"\ncompanies: {A_B: omie, A-b: bling}\n', "a-b would name two"),
        ('start_date: "2024-01-01"\ncompanies: {Portfolio: omie}\n', "portfolio would name two"),
        ('start_date: "2024-01-01"\ncompanies: {CLOSE: omie}\n', "close would name two"),
        ("companies: {A: omie}\n", "Invalid isoformat"),
    ],
)
def test_what_cannot_be_planned_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        portfolio(text)
