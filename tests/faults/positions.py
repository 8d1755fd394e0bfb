"""The requests of a run, one by one, and faults that befall just one of them or all from it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from faults.loaded import Key, Loaded, Row
from faults.runs import Output
from simulator import LoggedRequest, Simulator
from simulator.faults import Fault

Position = tuple[Any, ...]


def position(request: LoggedRequest) -> Position:
    """What the request asks for: its place in the run, whichever thread it comes from."""
    # Keys that travel in the address differ from one simulator to the next.
    asked = {name: value for name, value in request.params.items() if "key" not in name}
    return (request.endpoint, request.path, *sorted((k, str(v)) for k, v in asked.items()))


@dataclass(frozen=True)
class Undisturbed:
    """A run without faults: what every other one must come to."""

    positions: list[Position]
    current: dict[str, dict[Key, Row]]

    @classmethod
    def of(cls, output: Output, simulator: Simulator) -> Undisturbed:
        """Take the run that just ended for the truth."""
        assert output.status == 0, output.stderr
        positions = [position(request) for request in simulator.requests]
        assert len(set(positions)) == len(positions), "a request was made twice without need"
        return cls(positions, Loaded(output).current())


@dataclass
class From:
    """Befalls the request at a position, or everything that comes from then on too."""

    position: Position
    lasting: bool
    begun: bool = field(default=False)

    def __call__(self, request: LoggedRequest) -> bool:
        """Whether this request is meant."""
        here = position(request) == self.position
        self.begun = self.begun or here
        return here or (self.lasting and self.begun)


def befall(
    simulator: Simulator, fault: Fault, where: Position, *, lasting: bool
) -> Callable[[], int]:
    """Let a fault befall a position once, or all requests from it on; returns the count of hits."""
    endpoints = {None, "token"} if lasting else {"token" if where[0] == "token" else None}
    meant = From(where, lasting)
    rules = [
        simulator.faults.add(fault, endpoint=endpoint, where=meant, times=None if lasting else 1)
        for endpoint in endpoints
    ]
    return lambda: sum(rule.hits for rule in rules)
