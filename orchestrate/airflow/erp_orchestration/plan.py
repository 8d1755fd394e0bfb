"""Which companies are read, when, and by which job: from portfolio.yml and meltano.yml.

The portfolio names the companies; meltano.yml, whose blocks are written from it, names the job of
each and the schedules. Both are read each time Airflow parses the DAG, so nothing but PyYAML is
imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PORTFOLIO = Path("shared", "erp_common", "connector", "portfolio.yml")
MELTANO = Path("meltano.yml")
# The one in C reads meltano.yml twenty times as fast.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PlanError(ValueError):
    """The portfolio and meltano.yml disagree; the message says what to do."""


@dataclass(frozen=True)
class Company:
    """A company, the job that reads it, and the plugins that the job runs."""

    code: str
    job: str
    tap: str
    extractor: str
    loader: str

    @property
    def prefix(self) -> str:
        """How the names of its own environment variables begin, as Meltano writes them."""
        return self.extractor.upper().replace("-", "_") + "_"


@dataclass(frozen=True)
class Schedule:
    """When which companies are read; the interval is a cron expression or a preset, in UTC."""

    name: str
    interval: str
    companies: tuple[Company, ...]


def schedules(project: Path) -> tuple[Schedule, ...]:
    """The schedules of meltano.yml, each with the companies that its job reads.

    Raises:
        PlanError: A company has no job of its own, or none of the schedules reads it.
        OSError: One of the files is not there.
    """
    meltano = _read(project / MELTANO)
    tasks: dict[str, list[str]] = {job["name"]: job["tasks"] for job in meltano["jobs"]}
    members = _companies(_read(project / PORTFOLIO), meltano, tasks)
    planned = []
    for schedule in meltano["schedules"]:
        read = {task.split()[0] for task in tasks[schedule["job"]]}
        of_it = tuple(company for company in members if company.extractor in read)
        planned.append(Schedule(schedule["name"], schedule["interval"], of_it))
    forgotten = {company.code for company in members}.difference(
        company.code for schedule in planned for company in schedule.companies
    )
    if forgotten:
        raise PlanError(
            f"No schedule in meltano.yml reads {', '.join(sorted(forgotten))}: run `make readme`."
        )
    return tuple(planned)


def pools(named: str, planned: tuple[Schedule, ...]) -> frozenset[str]:
    """The taps whose companies run in a pool of the tap's name; `named` has commas between them.

    Raises:
        PlanError: No company has such a tap.
    """
    wanted = frozenset(name.strip() for name in named.split(",") if name.strip())
    known = {company.tap for schedule in planned for company in schedule.companies}
    if unknown := wanted - known:
        raise PlanError(
            f"ERP_AIRFLOW_POOLS names {', '.join(sorted(unknown))}: choose from "
            f"{', '.join(sorted(known))}."
        )
    return wanted


def _companies(
    portfolio: dict[str, Any], meltano: dict[str, Any], tasks: dict[str, list[str]]
) -> list[Company]:
    taps = {
        company["id"]: (plugin["name"], plugin["inherit_from"])
        for plugin in meltano["plugins"]["extractors"]
        if "inherit_from" in plugin
        for company in plugin["config"]["companies"]
    }
    # A job of one task reads one company; a job of several is there for schedules.
    jobs = {its[0].split()[0]: (name, its[0]) for name, its in tasks.items() if len(its) == 1}
    members = []
    for code in portfolio["companies"]:
        extractor, tap = taps.get(code, (None, None))
        if extractor is None or tap is None or extractor not in jobs:
            raise PlanError(f"{code} has no job of its own in meltano.yml: run `make readme`.")
        job, task = jobs[extractor]
        members.append(Company(code, job, tap, extractor, loader=task.split()[-1]))
    return members


def _read(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(file.read_bytes(), Loader=_Loader)  # noqa: S506 - both loaders are safe
    return content
