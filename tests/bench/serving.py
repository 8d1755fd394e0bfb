"""The simulator in a process of its own, so that its memory and CPU are never counted as a tap's.

`python -m bench.serving SPEC`, with what to serve as JSON; then one JSON command a line on standard
input, one JSON answer a line on standard output. `bench.served` speaks to it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from bench.even import even_books
from bench.largest import largest_account
from bench.months import months
from simulator import Books, Company, Limit, Line, LoggedRequest, Simulator
from simulator.http11 import Request, Response
from simulator.limits import REAL

LINES_AN_ENTRY = 2.6
LARGE = Decimal("12345678901234567.89")
"""An amount that no binary float holds."""


class Spec(msgspec.Struct):
    """What is served.

    Attributes:
        start: First day of the books.
        end: Last day of the books.
        rows: Subledger rows of a company in a month, about.
        companies: How many.
        accounts: At least so many accounts; 0 for the small chart.
        one_account: Whether a single account holds all the rows.
        even: Whether each of the accounts has all these rows in each month.
        large_amount: Whether a posting of `LARGE` is among them.
        remember: Whether answers are made once and then repeated.
        latency: Seconds before each answer.
        limits: `off`, `real`, or `bucket` for the real ones without a limit of what is in flight.
    """

    start: date
    end: date
    rows: int
    companies: int = 1
    accounts: int = 0
    one_account: bool = False
    even: bool = False
    large_amount: bool = False
    remember: bool = True
    latency: float = 0.0
    limits: str = "off"

    def books(self) -> Books:
        """The books."""
        if self.even:
            return even_books(self.start, self.end, self.accounts, self.rows)
        if self.one_account:
            return largest_account(self.start, self.rows)
        books = Books.generate(
            small=not self.accounts,
            accounts=self.accounts,
            memorandum=False,
            companies=self.companies,
            start=self.start,
            end=self.end,
            entries_per_month=max(2, round(self.rows / LINES_AN_ENTRY)),
        )
        if self.large_amount:
            lines = [
                Line("1.1.01.02.001", LARGE, Decimal(0)),
                Line("3.1.01.01.001", Decimal(0), LARGE),
            ]
            books.company.add_entry(date=self.start, lines=lines)
        return books


class Remembered:
    """Makes each answer once: the same run costs the simulator little from the second time on."""

    def __init__(self, answer: Callable[[Request, LoggedRequest], Response]) -> None:
        """Stand in for a service's `answer`."""
        self._answer = answer
        self._known: dict[tuple[str, bytes], Response] = {}

    def __call__(self, request: Request, logged: LoggedRequest) -> Response:
        """The answer, made now or before."""
        key = (request.target, request.body)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._answer(request, logged)
            if not isinstance(known.body, bytes):
                known.body = b"".join(known.body)
        return replace(known, on_sent=None)


def expected(erp: str, companies: list[Company], spec: Spec, page_size: int) -> dict[str, int]:
    """How many calls the books of these companies take if none is wasted."""
    calls = {"token": 1} if erp in {"totvs", "contaazul"} else {}
    spans = [
        (date.fromisoformat(one["period_start"]), date.fromisoformat(one["period_end"]))
        for one in months(spec.start, spec.end)
    ]
    for company in companies:
        for name, count in _CALLS[erp](company, spans, page_size).items():
            calls[name] = calls.get(name, 0) + count
    return calls


Spans = list[tuple[date, date]]


def _omie(company: Company, spans: Spans, size: int) -> dict[str, int]:
    return {
        "ListarBalancete": sum(_pages(len(company.trial_balance(*span)), size) for span in spans),
        "ListarMovimentos": sum(
            _pages(lines, size) for span in spans for lines in _lines(company, span) if lines
        ),
    }


def _totvs(company: Company, spans: Spans, _size: int) -> dict[str, int]:
    return {
        "balancete": len(spans),
        "movimentacao": sum(bool(lines) for span in spans for lines in _lines(company, span)),
    }


def _contaazul(company: Company, spans: Spans, size: int) -> dict[str, int]:
    return {
        "chart-of-accounts": 1,
        "transactions": sum(
            max(1, _pages(len(company.entries_between(*span)), size)) for span in spans
        ),
    }


def _bling(company: Company, spans: Spans, size: int) -> dict[str, int]:
    # Bling states no totals: a page that is full may be the last one or not.
    return {
        "contascontabeis": len(company.accounts) // size + 1,
        "movimentacoes": sum(
            lines // size + 1 for span in spans for lines in _lines(company, span)
        ),
    }


_CALLS: dict[str, Callable[[Company, Spans, int], dict[str, int]]] = {
    "omie": _omie,
    "totvs": _totvs,
    "contaazul": _contaazul,
    "bling": _bling,
}


def _pages(rows: int, size: int) -> int:
    return -(-rows // size)


def _lines(company: Company, span: tuple[date, date]) -> list[int]:
    """The number of lines of each analytic account."""
    return [
        len(company.lines(*span, account.code))
        for account in company.accounts
        if not account.is_summary
    ]


def _obey(sim: Simulator, spec: Spec, command: dict[str, Any]) -> Any:
    match command.pop("do"):
        case "settings":
            return sim.settings(command.pop("erp"), **command)
        case "calls":
            calls = [(one.erp, one.endpoint, one.started, one.rejected) for one in sim.requests]
            sim.requests.clear()
            return calls
        case "expected":
            several = command["erp"] in {"omie", "totvs"}
            companies = sim.books.companies[: None if several else 1]
            return expected(command["erp"], companies, spec, command["page_size"])
        case "debits":
            lines = sim.books.company.lines(spec.start, spec.end)
            return str(sum((each.line.debit for each in lines), Decimal(0)))
        case other:
            raise ValueError(other)


def main() -> None:
    """Serve until standard input ends."""
    spec = msgspec.json.decode(sys.argv[1], type=Spec)
    with Simulator(spec.books(), latency=spec.latency) as sim:
        if spec.limits != "off":
            sim.limits.real()
        if spec.limits == "bucket":
            for erp, limit in REAL.items():
                sim.limits[erp] = Limit(limit.requests, limit.interval, limit.burst)
        if spec.remember:
            for erp in _CALLS:
                service = sim.service(erp)
                vars(service)["answer"] = Remembered(service.answer)
        print(json.dumps({"ready": sim.port}), flush=True)
        for line in sys.stdin:
            print(json.dumps(_obey(sim, spec, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
