"""Omie's signals in every form: what is waited for, given up, empty, or an error.

The clock is turned: waits pass in no time and are noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.erps import ACTIVE
from faults.loaded import Loaded, differences
from faults.omie_signals import (
    BAD_KEY,
    BLOCKED,
    BLOCKED_AS_500,
    BROKEN,
    DUPLICATE,
    DUPLICATE_TOO,
    EMPTY,
    END_OF_PAGES,
    FORMS,
    LOCKED,
    NOT_EMPTY,
    REDUNDANT,
    REDUNDANT_SECONDS,
    SECONDS,
    UNKNOWN,
    WRONG_TAG,
    Form,
    Signal,
)
from faults.preludes import waits
from faults.runs import Output, Runs
from faults.small_books import small_books
from simulator import LoggedRequest, Simulator

OMIE = next(erp for erp in ACTIVE if erp.name == "omie")
LONG = 1.0
"""Seconds; the settings' own delays are far shorter."""


@dataclass
class Omie:
    """An Omie whose movements of one account can be refused, and a tap that reads it."""

    simulator: Simulator
    runs: Runs
    log: Path

    def run(self, *refusals: Signal, form: Form = "500") -> Output:
        """A run in which the first calls for the movements of account 1.1 are refused."""
        for signal in refusals:
            self.refuse(signal, form)
        # One request at a time: a wait of one is then a wait of the run.
        settings = OMIE.configured(self.simulator, months=1, max_concurrency=1)
        self.runs.secrets.learn_settings(settings)
        self.log.unlink(missing_ok=True)
        return self.runs(OMIE.command, settings, preludes=[("turned_clock", str(self.log))])

    def refuse(self, signal: Signal, form: Form, *, times: int | None = 1) -> None:
        self.simulator.faults.add(signal.fault(form), where=_wanted, times=times)

    @property
    def asked(self) -> int:
        """How often those movements were asked for."""
        return self.simulator.requests.count(where=_wanted)

    @property
    def waited(self) -> list[float]:
        """The long waits of the last run, in seconds."""
        return [seconds for seconds in waits(self.log) if seconds >= LONG]


def _wanted(request: LoggedRequest) -> bool:
    return request.endpoint == OMIE.postings and request.account == "1.1"


@pytest.fixture
def omie(runs: Runs, tmp_path: Path) -> Iterator[Omie]:
    with Simulator(small_books(months=1)) as simulator:
        yield Omie(simulator, runs, tmp_path / "waits")


@pytest.fixture
def whole(omie: Omie) -> Output:
    """An undisturbed run, and the log of requests empty again."""
    output = omie.run()
    assert output.status == 0, output.stderr
    omie.simulator.requests.clear()
    return output


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        ([REDUNDANT], [REDUNDANT_SECONDS + 1]),
        ([LOCKED], [10]),
        ([LOCKED, LOCKED], [10, 61]),
        ([DUPLICATE], [60]),
        ([DUPLICATE_TOO], [60]),
        ([REDUNDANT, LOCKED], [REDUNDANT_SECONDS + 1, 10]),
    ],
    ids=["redundant", "locked", "locked-twice", "duplicate", "duplicate-1100", "one-then-other"],
)
def test_what_is_worth_waiting_for(
    refusals: list[Signal], expected: list[float], form: Form, omie: Omie, whole: Output
) -> None:
    output = omie.run(*refusals, form=form)
    assert output.status == 0, output.stderr
    assert differences(Loaded(output).current(), Loaded(whole).current()) == []
    assert omie.waited == expected
    assert omie.asked == len(refusals) + 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("signal", "tries", "error"),
    [
        (REDUNDANT, 2, "ERPRateLimitError"),
        (LOCKED, 3, "ERPRateLimitError"),
        (DUPLICATE, 2, "ERPRateLimitError"),
        (BLOCKED, 1, "ERPRateLimitError"),
        (BLOCKED_AS_500, 1, "ERPRateLimitError"),
        (BAD_KEY, 1, "ERPAuthenticationError"),
        (WRONG_TAG, 1, "ERPValidationError"),
        (UNKNOWN, 1, "ERPValidationError"),
        (NOT_EMPTY[0], 1, "ERPValidationError"),
        (NOT_EMPTY[1], 1, "ERPValidationError"),
    ],
    ids=lambda value: value.code if isinstance(value, Signal) else None,
)
def test_what_is_given_up(signal: Signal, tries: int, error: str, form: Form, omie: Omie) -> None:
    omie.refuse(signal, form, times=None)
    output = omie.run()
    assert output.status == 1
    assert output.last_words.startswith(f"{error}: "), output.stderr
    assert "Traceback" not in output.stderr
    assert omie.asked == tries
    assert output.records("periods") == [], "a period that was not read whole is no period"


# Omie's header comes with 5xx alone.
BLOCKS = [(BLOCKED, form) for form in FORMS if form != "header"] + [
    (BLOCKED_AS_500, form) for form in FORMS
]


@pytest.mark.parametrize(("signal", "form"), BLOCKS)
def test_a_block_is_told_with_its_seconds_and_nothing_more_is_asked(
    signal: Signal, form: Form, omie: Omie
) -> None:
    omie.refuse(signal, form, times=None)
    output = omie.run()
    assert f"{SECONDS} s" in output.last_words
    assert omie.waited == []
    last = omie.simulator.requests[-1]
    assert last.fault is not None, "another request came after the block"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("signal", EMPTY, ids=lambda signal: signal.code)
def test_what_says_that_there_is_nothing(signal: Signal, form: Form, omie: Omie) -> None:
    omie.refuse(signal, form)
    output = omie.run()
    assert output.status == 0, output.stderr
    assert {row["account_code"] for row in output.records("subledger")} == {"3.1"}
    # The account has moved, so its missing postings show.
    found = {row["code"] for row in output.records("validation_issues")}
    assert "SUBLEDGER_MISMATCH" in found
    assert omie.asked == 1


@pytest.mark.parametrize("form", FORMS)
def test_an_end_before_the_last_page_is_an_error(form: Form, omie: Omie) -> None:
    omie.simulator.faults.add(
        END_OF_PAGES.fault(form),
        where=lambda request: request.endpoint == OMIE.balances and request.page == 2,
    )
    output = omie.run()
    assert output.status == 1
    assert output.last_words.startswith("ERPValidationError: ")
    assert output.records("trial_balance") == []


@pytest.mark.parametrize("form", FORMS)
def test_a_broken_answer_is_asked_for_again(form: Form, omie: Omie, whole: Output) -> None:
    output = omie.run(BROKEN, form=form)
    assert output.status == 0, output.stderr
    assert differences(Loaded(output).current(), Loaded(whole).current()) == []
    assert omie.asked == 2


def test_pages_that_always_break_are_read_in_halves(omie: Omie, whole: Output) -> None:
    omie.simulator.omie.broken_above = 2
    settings = OMIE.configured(omie.simulator, months=1, page_size=4)
    output = omie.runs(OMIE.command, settings)
    assert output.status == 0, output.stderr
    assert differences(Loaded(output).current(), Loaded(whole).current()) == []
    sizes = {request.params["nRegPorPagina"] for request in omie.simulator.requests}
    assert sizes == {4, 2}


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_fault_of_what_stands_before_omie_is_tried_again(
    status: int, omie: Omie, whole: Output
) -> None:
    output = omie.run(Signal("SOAP-ENV:Server", "Service Unavailable", status))
    assert output.status == 0, output.stderr
    assert differences(Loaded(output).current(), Loaded(whole).current()) == []
    assert omie.asked == 2
