"""The kinds of task: prepare what all share, read a company, tell how books tie out, and close."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.sdk import BaseOperator

from erp_orchestration.log import Ending, LogLine
from erp_orchestration.plan import Company
from erp_orchestration.process import Process
from erp_orchestration.run_parameters import RunParameters, passed_on

MELTANO = ("meltano", "--log-format=json")
BUILD = "dbt-postgres:build"


class MeltanoOperator(BaseOperator):
    """A task that runs Meltano in the project's folder.

    No field is a template, so neither keys nor settings are rendered or kept by Airflow; they come
    from the worker's environment or the project's `.env`.
    """

    def __init__(self, *, project: Path, **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """Create the task; `kwargs` are Airflow's."""
        super().__init__(**kwargs)
        self._project = project
        self._process: Process | None = None

    def meltano(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        source: IO[bytes] | None = None,
        sink: IO[bytes] | None = None,
    ) -> Ending:
        """Run a command to its end, its log in the task's."""
        self._process = Process(
            command,
            folder=self._project,
            environment=environment,
            source=source,
            sink=sink,
        )
        return self._process.follow(self._tell)

    def on_kill(self) -> None:
        """End what is under way."""
        if self._process is not None:
            self._process.stop()

    def _tell(self, line: LogLine) -> None:
        self.log.log(line.level, "%s", line)


class Prepare(MeltanoOperator):
    """Makes Meltano's system database and the warehouse's tables, before several would at once.

    A tap tells of its tables without asking its ERP anything; those of one company are those of
    all, so the first company whose settings are sound will do.
    """

    def __init__(self, *, companies: Sequence[Company], **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """Create the task for the companies of a schedule."""
        super().__init__(**kwargs)
        self._companies = companies

    def execute(self, context: Mapping[str, Any]) -> None:
        """Make what is not there yet.

        Raises:
            AirflowException: The warehouse or the system database cannot be reached.
            AirflowFailException: No company has sound settings.
        """
        del context
        mine = passed_on(os.environ)
        ending = Ending(0)
        for company in self._companies:
            with tempfile.TemporaryFile() as tables:
                asked = [*MELTANO, "invoke", company.extractor, "--test=schema"]
                ending = self.meltano(asked, mine, sink=tables)
                if not ending.is_good:
                    continue
                tables.seek(0)
                loaded = self.meltano([*MELTANO, "invoke", company.loader], mine, source=tables)
                if not loaded.is_good:
                    raise AirflowException(f"The warehouse's tables were not made: {loaded}")
                return
        failure = AirflowFailException if ending.is_final else AirflowException
        raise failure(f"No company's tap could be started; the last one: {ending}")


class ReadCompany(MeltanoOperator):
    """Reads one company's books into the warehouse, by its job of meltano.yml."""

    def __init__(self, *, company: Company, **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """Create the company's task."""
        super().__init__(**kwargs)
        self._company = company

    def execute(self, context: Mapping[str, Any]) -> None:
        """Read what the run asks for.

        Raises:
            AirflowSkipException: The run asks for other companies.
            AirflowFailException: It failed, and would again: a wrong key or setting, or books
                that are not sound.
            AirflowException: It failed or was killed, and is worth another try.
        """
        parameters = RunParameters.of(context["params"])
        company = self._company
        if not parameters.includes(company):
            raise AirflowSkipException(f"{company.code} is not among the companies asked for.")
        ending = self.meltano(
            parameters.command(company), parameters.environment(company, os.environ)
        )
        if ending.is_good:
            return
        failure = AirflowFailException if ending.is_final else AirflowException
        raise failure(f"{company.code} was not read to the end: {ending}")


class TieOut(MeltanoOperator):
    """Prints how each company's books tie out, and fails if a company was not read."""

    def __init__(self, *, companies: Sequence[Company], **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """Create the task that ends a schedule's run."""
        super().__init__(**kwargs)
        self._companies = companies

    def execute(self, context: Mapping[str, Any]) -> None:
        """Print the table, then judge.

        Raises:
            AirflowException: The warehouse cannot be asked.
            AirflowFailException: A company was not read; the message names each and its state.
        """
        loader = self._companies[0].loader
        ending = self.meltano([*MELTANO, "invoke", f"{loader}:tie-out"], passed_on(os.environ))
        if not ending.is_good:
            raise AirflowException(f"The warehouse could not be asked: {ending}")
        task = context["ti"]
        jobs = [company.job for company in self._companies]
        by_run = task.get_task_states(dag_id=task.dag_id, task_ids=jobs, run_ids=[task.run_id])
        states = by_run[task.run_id]
        missing = [
            f"{job} ({states.get(job)})"
            for job in jobs
            if states.get(job) not in {"success", "skipped"}
        ]
        if missing:
            raise AirflowFailException(f"Not read to the end: {', '.join(missing)}.")


class Build(MeltanoOperator):
    """Builds the close from what was loaded, and fails if the table before it did."""

    def __init__(self, *, after: str, **kwargs: Any) -> None:  # noqa: ANN401 - Airflow's own arguments
        """Create the task that ends a schedule's run; `after` is the tie-out's id."""
        super().__init__(**kwargs)
        self._after = after

    def execute(self, context: Mapping[str, Any]) -> None:
        """Build, then judge.

        Raises:
            AirflowException: The warehouse cannot be reached, or a test of a model failed.
            AirflowFailException: A company was not read.
        """
        ending = self.meltano([*MELTANO, "run", BUILD], passed_on(os.environ))
        if not ending.is_good:
            raise AirflowException(f"The close was not built: {ending}")
        task = context["ti"]
        by_run = task.get_task_states(
            dag_id=task.dag_id, task_ids=[self._after], run_ids=[task.run_id]
        )
        state = by_run[task.run_id].get(self._after)
        if state != "success":
            raise AirflowFailException(
                f"The close was built from what there is, but {self._after} has {state}."
            )
