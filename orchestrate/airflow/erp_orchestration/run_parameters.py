"""The parameters of a run, and the command and environment that follow from it.

A scheduled run asks for nothing: every company is read from where its state says. Who triggers a
run by hand may ask for some companies alone, for an earlier first day (a backfill), or for more
periods to be read again (a month that was reopened).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from erp_orchestration.plan import Company

# The engine's own settings, which hold keys of its database, are nothing to Meltano.
_FOREIGN = ("AIRFLOW", "_AIRFLOW", "__AIRFLOW")


@dataclass(frozen=True)
class RunParameters:
    """What a run is asked for."""

    companies: tuple[str, ...] = ()
    """Codes of the companies to read; none stands for all."""
    start_date: date | None = None
    """Read everything again, from this day's period."""
    lookback_periods: int | None = None
    """Periods before the bookmark's to read again, instead of what is set."""

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> RunParameters:
        """Those that a DAG run is given.

        Raises:
            ValueError: The start date is no date.
        """
        first = params.get("start_date")
        periods = params.get("lookback_periods")
        return cls(
            companies=tuple(params.get("companies") or ()),
            start_date=date.fromisoformat(first) if first else None,
            lookback_periods=None if periods is None else int(periods),
        )

    def includes(self, company: Company) -> bool:
        """Whether the company is to be read."""
        return not self.companies or company.code in self.companies

    def command(self, company: Company) -> list[str]:
        """The command that reads a company.

        Never `--force`: Meltano itself knows by the heartbeat of a run in its system database
        whether it still goes on, wherever that is, and takes it for dead after five minutes.
        """
        # An earlier first day alone would read nothing more: runs go on from the state.
        options = ["--full-refresh"] if self.start_date else []
        return ["meltano", "--log-format=json", "run", *options, company.job]

    def environment(self, company: Company, inherited: Mapping[str, str]) -> dict[str, str]:
        """The environment of that command: the worker's, with these in the company's names."""
        mine = passed_on(inherited)
        if self.start_date:
            mine[f"{company.prefix}START_DATE"] = self.start_date.isoformat()
        if self.lookback_periods is not None:
            mine[f"{company.prefix}LOOKBACK_PERIODS"] = str(self.lookback_periods)
        return mine


def passed_on(inherited: Mapping[str, str]) -> dict[str, str]:
    """The worker's environment without what is the engine's own."""
    return {name: value for name, value in inherited.items() if not name.startswith(_FOREIGN)}
