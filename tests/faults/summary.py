"""How many fault positions were struck, told at the end of a run of the tests."""

from __future__ import annotations

import pytest

POSITIONS = "fault positions"
"""The property under which a test notes how many it has struck."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell the sum over all tests that passed."""
    reports = [r for r in terminalreporter.getreports("passed") if r.when == "call"]
    struck = sum(number for r in reports for name, number in r.user_properties if name == POSITIONS)
    if struck:
        line = f"Faults struck at {struck} positions; no row was lost, doubled or invented."
        terminalreporter.write_line(line)
