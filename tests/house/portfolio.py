"""The portfolio's extractors, jobs and schedules in meltano.yml, written from the portfolio file.

`erp_common/connector/portfolio.yml` is where a company is added. From it,
`python -m house.portfolio --write` makes an extractor for each company, which inherits from its
ERP's tap, and a job, between marker lines in meltano.yml; without `--write` it only says whether
they still agree.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from datetime import date
from importlib import resources
from importlib.metadata import entry_points
from typing import Any

import msgspec
import yaml

from erp_common.connector.factory import GROUP
from house.settings import PROJECT, replaced

EXTRACTORS = "extractors of the portfolio"
JOBS = "jobs of the portfolio"
MELTANO = PROJECT / "meltano.yml"
WHOLE = "portfolio"
LOADER = "target-postgres"
CLOSE = "close"
BUILD = "dbt-postgres:build"
# Schedulers go by UTC, three hours ahead of São Paulo: five in the morning there, and at six on the
# fifth of a month, when the one before has usually been closed.
SCHEDULES = {"portfolio-daily": "0 8 * * *", "portfolio-monthly": "0 9 5 * *"}


class Member(msgspec.Struct, frozen=True):
    """One company of the portfolio: its code, and the tap of the ERP that keeps its books."""

    code: str
    tap: str

    @property
    def job(self) -> str:
        """Its job: the code as Meltano writes names."""
        return self.code.lower().replace("_", "-")

    @property
    def extractor(self) -> str:
        """Its extractor, which inherits from the tap."""
        return f"{self.tap}--{self.job}"

    @property
    def prefix(self) -> str:
        """How the names of its own environment variables begin."""
        return self.extractor.upper().replace("-", "_") + "_"


class Portfolio(msgspec.Struct, frozen=True):
    """The companies, and the first day that their books are read from."""

    start: date
    members: tuple[Member, ...]


def portfolio(text: str) -> Portfolio:
    """Read a portfolio file.

    Raises:
        ValueError: It names an ERP without a tap, no start date, or two companies alike.
    """
    content: dict[str, Any] = yaml.safe_load(text)
    start = date.fromisoformat(str(content.get("start_date")))
    members = []
    taps = {point.name: point.dist.name for point in entry_points(group=GROUP) if point.dist}
    for code, erp in content["companies"].items():
        if erp not in taps:
            raise ValueError(f"{code} has {erp!r}, which is none of {', '.join(sorted(taps))}.")
        members.append(Member(code, taps[erp]))
    names = [WHOLE, CLOSE, *(member.job for member in members)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"{', '.join(doubled)} would name two jobs: give each a code of its own.")
    return Portfolio(start, tuple(members))


def own() -> Portfolio:
    """The portfolio that is part of the package."""
    file = resources.files("erp_common.connector").joinpath("portfolio.yml")
    return portfolio(file.read_text(encoding="utf-8"))


def extractors(companies: Portfolio) -> str:
    """The entries under `extractors:`.

    The pip_url is inherited, so that all companies of an ERP share one installation.
    """
    entries = [
        {
            "name": member.extractor,
            "inherit_from": member.tap,
            "config": {
                # An unset variable is an empty text, which stands for the id itself.
                "companies": [{"id": member.code, "erp_id": f"${member.prefix}ERP_ID"}],
                "start_date": companies.start.isoformat(),
            },
        }
        for member in companies.members
    ]
    return textwrap.indent(_yaml(entries), "  ")


def jobs(companies: Portfolio) -> str:
    """The keys `jobs:` and `schedules:`: a job for each company, for all, and for the close.

    Schedules run the last, so that what was read is also closed.
    """
    tasks = {member.job: [f"{member.extractor} {LOADER}"] for member in companies.members}
    whole = {WHOLE: [task for own_tasks in tasks.values() for task in own_tasks]}
    close = {CLOSE: [*whole[WHOLE], BUILD]}
    listed = [{"name": name, "tasks": its} for name, its in (tasks | whole | close).items()]
    planned = [
        {"name": name, "interval": interval, "job": CLOSE} for name, interval in SCHEDULES.items()
    ]
    return _yaml({"jobs": listed, "schedules": planned})


def written(text: str, companies: Portfolio) -> str:
    """`text`, the content of meltano.yml, with both blocks as the portfolio wants them.

    Raises:
        ValueError: The marker lines are missing.
    """
    return replaced(replaced(text, EXTRACTORS, extractors(companies)), JOBS, jobs(companies))


def main() -> None:
    """Write the blocks, or fail if they are out of date."""
    parser = argparse.ArgumentParser(prog="python -m house.portfolio", description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    text = MELTANO.read_text(encoding="utf-8")
    try:
        wanted = written(text, own())
    except ValueError as error:
        sys.exit(str(error))
    if wanted == text:
        return
    if not write:
        sys.exit("meltano.yml is out of date, run `make readme`")
    MELTANO.write_text(wanted, encoding="utf-8")
    print("written: meltano.yml")


def _yaml(content: object) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1000)


if __name__ == "__main__":
    main()
