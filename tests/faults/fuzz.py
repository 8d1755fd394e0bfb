"""Fuzz what an ERP answers: `python -m faults.fuzz omie --examples 200`.

The tap runs in this process, again and again, with its network replaced: every endpoint in turn
answers with junk, all others honestly. Whatever comes, a run ends in rows and findings or in one of
the four errors; it does not hang, and every amount that it emits stands in some answer.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import signal
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import entry_points
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_sdk.plugin_base import PluginBase

from erp_common.errors import ERPError
from erp_common.http.clock import SystemClock
from erp_common.singer.writer import MessageWriter
from faults.bodies import XML_TRAPS, anything, json_text, junk, names_in, nearly, nearly_xml
from faults.erps import ACTIVE, Erp
from faults.known import Known
from faults.network import Network
from faults.small_books import small_books
from simulator import Simulator

LONGEST_RUN = 20
"""Seconds after which a run hangs."""


class HangError(Exception):
    """A run did not end."""


class Fuzz:
    """One tap, run again and again."""

    def __init__(self, erp: Erp) -> None:
        """Read the honest answers."""
        module = erp.command.replace("-", "_")
        self._erp = erp
        self._tap = next(
            entry.load()
            for entry in entry_points(group="erp_common.taps")
            if entry.value.partition(".")[0] == module
        )
        self.outcomes: Counter[str] = Counter()
        self.network = Network()
        with Simulator(small_books(months=1)) as simulator:
            self._settings = erp.configured(
                simulator, months=1, max_concurrency=1, retry={"max_attempts": 1}
            )
            assert self._run(), "an honest run gives rows"

    def check(self, name: str, body: bytes) -> None:
        """Run once with one endpoint spoilt, and judge the outcome."""
        self.network.spoil(self.network.honest.fullest(name)[0], body)
        try:
            messages = self._run()
        except ERPError as error:
            self.outcomes[_kind(error)] += 1
            return
        self.outcomes["rows"] += 1
        if name != "token":
            assert not _has_no_rows(body), "an unexpected shape was taken for an empty result"
        known = Known(self.network.served)
        for message in messages:
            if message["type"] == "RECORD":
                known.must_hold(message["stream"], message["record"], summed=self._erp.derived)

    def bodies(self, name: str) -> st.SearchStrategy[bytes]:
        """What this endpoint may answer."""
        _, honest = self.network.honest.fullest(name)
        names = names_in(honest)
        if self._erp.xml:
            return nearly_xml(honest, names) | nearly_xml(honest, names) | XML_TRAPS | junk(honest)
        rows = nearly(honest, names).map(json_text)
        return rows | rows | anything(names).map(json_text) | junk(honest)

    def _run(self) -> list[dict[str, Any]]:
        """The messages of a run."""
        out = io.TextIOWrapper(io.BytesIO())
        tap = None
        signal.alarm(LONGEST_RUN)
        try:
            with contextlib.redirect_stdout(out):
                tap = self._tap(config=dict(self._settings))
                tap.sync_all()
                MessageWriter.flush_all()
        finally:
            signal.alarm(0)
            if tap is not None:
                MessageWriter.flush_all()
                tap.stop()
        written = out.buffer
        assert isinstance(written, io.BytesIO)
        return [json.loads(line, parse_float=Decimal) for line in written.getvalue().splitlines()]


def _has_no_rows(body: bytes) -> bool:
    """Whether the body is JSON without any list, so that no rows can be in it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    values = found.values() if isinstance(found, dict) else [found]
    return not any(isinstance(value, list) for value in values)


def _kind(error: ERPError) -> str:
    """The name of the error's public class."""
    return next(k.__name__ for k in type(error).__mro__ if k.__module__ == "erp_common.errors")


def _prepare() -> None:
    """Nothing waits, nothing is logged, and a run that hangs is interrupted."""

    def hang(*_: object) -> None:
        raise HangError

    signal.signal(signal.SIGALRM, hang)
    logging.disable(logging.CRITICAL)
    setattr(PluginBase, "_setup_signal_handlers", lambda _: None)  # noqa: B010 - they are ours here
    setattr(SystemClock, "wait", lambda *_: None)  # noqa: B010 - likewise


def fuzz(erp: Erp, examples: int) -> Counter[str]:
    """Fuzz every endpoint of an ERP; what is wrong is raised with a body that shows it."""
    fuzzing = Fuzz(erp)
    for name in fuzzing.network.honest.endpoints:
        _checked(fuzzing, name, examples)()
    return fuzzing.outcomes


def _checked(fuzzing: Fuzz, name: str, examples: int) -> Callable[[], None]:
    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(fuzzing.bodies(name))
    def check(body: bytes) -> None:
        fuzzing.check(name, body)

    return check


def main() -> None:
    """Fuzz one ERP and say how the runs ended."""
    parser = argparse.ArgumentParser(prog="python -m faults.fuzz", description=__doc__)
    parser.add_argument("erp", choices=[erp.name for erp in ACTIVE])
    parser.add_argument("--examples", type=int, default=200, help="for each endpoint")
    given_ = parser.parse_args()
    _prepare()
    erp = next(erp for erp in ACTIVE if erp.name == given_.erp)
    print(json.dumps(fuzz(erp, given_.examples)))


if __name__ == "__main__":
    main()
