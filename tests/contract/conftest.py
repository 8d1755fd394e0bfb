"""The ERPs under test, each with its books behind the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from contract.commands import Preloaded, PreloadedRunner, Run
from contract.erps import ACTIVE, Erp
from contract.ledger import Truth
from contract.world import World
from e2e.commands import TapRunner
from simulator import Books, LoggedRequest, Simulator


class Build:
    """Builds worlds of one ERP, which end with the test."""

    def __init__(self, erp: Erp, runner: PreloadedRunner, stack: ExitStack) -> None:
        """Build worlds of `erp`, whose taps `runner` runs."""
        self.erp = erp
        self._runner = runner
        self._stack = stack

    def __call__(self, books: Books | None = None, **plan: Any) -> World:
        """A world with these books, or with such as `Books.generate` makes of the plan."""
        sim = Simulator(books_for(self.erp, **plan) if books is None else books)
        return World(self.erp, self._stack.enter_context(sim), self._runner)

    def several(self, **plan: Any) -> World:
        """A world of two companies where the ERP knows more than one."""
        return self(companies=2 if self.erp.reported else 1, **plan)


@pytest.fixture(scope="session", params=ACTIVE, ids=str)
def erp(request: pytest.FixtureRequest) -> Erp:
    """Each ERP in turn."""
    assert isinstance(request.param, Erp)
    return request.param


@pytest.fixture(scope="session")
def preloaded() -> Iterator[dict[str, Preloaded]]:
    """The processes that hold the commands' imports, by command."""
    held: dict[str, Preloaded] = {}
    yield held
    for one in held.values():
        one.close()


@pytest.fixture
def build(erp: Erp, preloaded: dict[str, Preloaded], tmp_path: Path) -> Iterator[Build]:
    """Build a world: `build(companies=2, entries_per_month=5)`, as `Books.generate` has it."""
    with ExitStack() as stack:
        yield Build(erp, PreloadedRunner(tmp_path, preloaded), stack)


@pytest.fixture
def world(build: Build) -> World:
    """A company with a quarter of small books."""
    return build(entries_per_month=12)


def books_for(erp: Erp, **plan: Any) -> Books:
    """Books in the form the ERP can serve: openings as balances, else as an entry before."""
    return Books.generate(**({"opening": "balances" if erp.openings else "entry"} | plan))


@pytest.fixture(scope="session")
def discovered(
    erp: Erp, preloaded: dict[str, Preloaded], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What `--discover` writes; it depends on neither books nor settings."""
    with Simulator(books_for(erp)) as sim:
        runner = PreloadedRunner(tmp_path_factory.mktemp(f"catalog-{erp}"), preloaded)
        return World(erp, sim, runner).discover()


@pytest.fixture
def catalog(discovered: dict[str, Any]) -> dict[str, Any]:
    """A catalog of the test's own, to select in."""
    return deepcopy(discovered)


class Plain(NamedTuple):
    """A run of the installed command with nothing but the usual settings, on sound books."""

    world: World
    run: Run
    requests: list[LoggedRequest]

    @property
    def truths(self) -> list[Truth]:
        """What the streams must say of each company."""
        return self.world.truths


@pytest.fixture(scope="session")
def plain(erp: Erp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plain]:
    """Two companies where the ERP has several, a quarter; read once, looked at by many."""
    books = books_for(erp, companies=2 if erp.reported else 1)
    with Simulator(books) as sim:
        runner = TapRunner(tmp_path_factory.mktemp(f"plain-{erp}"))
        world = World(erp, sim, runner)
        run = world.good()
        yield Plain(world, run, list(sim.requests))
