"""Fuzz what an ERP answers: `python -m faults.fuzz omie --examples 200`.

The tap runs in this process, again and again, with its network replaced: every endpoint in turn
answers with junk, all others honestly. Whatever comes, a run ends in rows and findings or in one of
the four errors; it does not hang, and every amount that it emits stands in some answer.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import io
import json
import logging
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import urlsplit

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_sdk.plugin_base import PluginBase

from erp_common.errors import ERPError
from erp_common.http.answer import Answer, receive
from erp_common.http.clock import SystemClock
from erp_common.http.wire import Wire
from faults.bodies import XML_TRAPS, anything, json_text, junk, names_in, nearly, nearly_xml
from faults.erps import ACTIVE, Erp
from faults.small_books import small_books
from simulator import Simulator

LONGEST_RUN = 20
"""Seconds after which a run hangs."""
_TOKEN = re.compile(r"[0-9.,]*[0-9][0-9.,]*(?:[eE][-+]?[0-9]{1,4})?")
_AMOUNTS = {
    "subledger": ("debit_amount", "credit_amount"),
    "trial_balance": ("opening_balance", "debit_amount", "credit_amount", "closing_balance"),
}
Call = tuple[str, bytes | None]


class HangError(Exception):
    """A run did not end."""


@dataclass
class Honest:
    """The answers of an undisturbed run, by what was asked."""

    answers: dict[Call, Answered] = field(default_factory=dict)

    @property
    def endpoints(self) -> list[str]:
        """What can be asked, by the last fixed part of its address."""
        return sorted({endpoint(url) for url, _ in self.answers})

    def fullest(self, name: str) -> tuple[Call, bytes]:
        """The call of an endpoint with the longest answer, which has most to spoil."""
        of_it = ((call, a.body) for call, a in self.answers.items() if endpoint(call[0]) == name)
        return max(of_it, key=lambda known: len(known[1]))


@dataclass(frozen=True)
class Answered:
    """An answer as it went over the network."""

    status: int
    headers: dict[str, str]
    body: bytes


class Network:
    """Stands where requests leave the process."""

    def __init__(self) -> None:
        """Let requests through and keep their answers."""
        self.honest = Honest()
        self.served: list[bytes] = []
        self._spoilt: tuple[Call, bytes] | None = None
        self._send = Wire.send
        network = self

        def send(wire: Wire, method: str, url: str, **more: Any) -> Answer:
            return network.answer(wire, method, url, **more)

        setattr(Wire, "send", send)  # noqa: B010 - a method is put in its place

    def spoil(self, call: Call, body: bytes) -> None:
        """From now on, answer from memory; this call with this body."""
        self._spoilt = (call, body)
        self.served = []

    def answer(self, wire: Wire, method: str, url: str, **more: Any) -> Answer:
        """Answer a request; an honest run's calls are known, there is nothing at others."""
        call = (url, more.get("body"))
        if self._spoilt is None:
            answer = self._send(wire, method, url, **more)
            self.honest.answers[call] = Answered(answer.status, dict(answer.headers), answer.read())
            return answer
        kept = self.honest.answers.get(call)
        if kept is None:
            kept = Answered(404, {"Content-Type": "text/plain"}, b"")
        elif call == self._spoilt[0]:
            kept = Answered(200, kept.headers, self._spoilt[1])
        self.served.append(kept.body)
        pieces = iter([kept.body])
        headers = {k: v for k, v in kept.headers.items() if k.lower() == "content-type"}
        return receive(lambda: next(pieces, b""), kept.status, Headers(headers))


class Headers(dict[str, str]):
    """Headers that are looked up in any case."""

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a header."""
        return next((v for k, v in self.items() if k.lower() == name.lower()), default)


def endpoint(url: str) -> str:
    """The last part of an address that is neither a number nor a page."""
    parts = urlsplit(url).path.strip("/").split("/")
    return next(p for p in reversed(parts) if not p.isdigit() and "=" not in p and p != "xml")


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
        known = _Known(self.network.served)
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
                tap.flush()
        finally:
            signal.alarm(0)
            if tap is not None:
                tap.flush()
                tap.stop()
        written = out.buffer
        assert isinstance(written, io.BytesIO)
        return [json.loads(line, parse_float=Decimal) for line in written.getvalue().splitlines()]


class _Known:
    """What the answers of a run hold."""

    def __init__(self, bodies: list[bytes]) -> None:
        texts = [text for body in set(bodies) for text in _texts(body)]
        self._text = _visible(" ".join(texts) + html.unescape(" ".join(texts)))
        self._amounts = {amount for text in texts for amount in _amounts(text)}

    def must_hold(self, stream: str, row: dict[str, Any], *, summed: bool) -> None:
        """Every amount and every code of a row stands in some answer."""
        if stream not in _AMOUNTS or (summed and stream == "trial_balance"):
            return
        for name in _AMOUNTS[stream]:
            amount = abs(Decimal(row[name]))
            assert amount == 0 or amount in self._amounts, f"{name} {amount} was invented"
        for part in (row["account_code"], *str(row.get("entry_id", "")).split("-")):
            assert _visible(part) in self._text, f"{part!r} was invented"


def _visible(text: str) -> str:
    """The text without blanks and signs that nobody sees; the taps leave them out as well."""
    return "".join(sign for sign in text if sign.isprintable() and not sign.isspace())


def _texts(body: bytes) -> Iterator[str]:
    """A body as text, and every text and number inside it."""
    for charset in ("utf-8", "cp1252", "utf-16"):
        with contextlib.suppress(UnicodeDecodeError):
            yield body.decode(charset)
    try:
        yield from _scalars(json.loads(body, parse_float=str, parse_int=str))
    except (ValueError, RecursionError):
        return


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scalars(inner)
    elif value is not None:
        yield str(value)


def _amounts(text: str) -> Iterator[Decimal]:
    """Every amount that a text may be read as."""
    for token in _TOKEN.findall(text):
        for spelt in (token, token.replace(",", ""), token.replace(".", "").replace(",", ".")):
            with contextlib.suppress(InvalidOperation):
                yield abs(Decimal(spelt))


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
