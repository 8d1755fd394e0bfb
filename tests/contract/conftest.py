"""The ERPs under test, each with its books behind the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from contract.applies import Asked, ways
from contract.commands import Preloaded, PreloadedRunner, Run, shared
from contract.erps import ACTIVE, Erp
from contract.ledger import Truth
from contract.world import World
from simulator import Books, LoggedRequest, Simulator


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what says nothing of an ERP, as its entry explains."""
    left_out = {item for item in items if says_nothing(item)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def says_nothing(item: pytest.Item) -> bool:
    """Whether the entry of the test's ERP leaves the test out."""
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return False
    asked = item.callspec.params.get("erp")
    if not isinstance(asked, Asked):
        return False
    erp = asked.erp
    module = item.module.__name__.rpartition(".")[2]
    names = (module, f"{module}.{item.originalname}", f"{module}.{item.name}")
    return not erp.left_out.keys().isdisjoint(names)


@pytest.fixture(params=[way for erp in ACTIVE for way in ways(erp)])
def erp(request: pytest.FixtureRequest) -> Erp:
    """Each ERP in turn, in each way in which it can be asked."""
    assert isinstance(request.param, Asked)
    return request.param.erp


@pytest.fixture
def periods(erp: Erp, request: pytest.FixtureRequest) -> int | None:
    """The setting `periods_per_request`; None for its default."""
    asked = request.node.callspec.params["erp"]
    assert isinstance(asked, Asked)
    assert asked.erp is erp
    return asked.periods


def books_for(erp: Erp, **plan: Any) -> Books:
    """Books in the form the ERP can serve: openings as balances, else as an entry before."""
    return Books.generate(**({"opening": "balances" if erp.openings else "entry"} | plan))


class Build:
    """Builds worlds of one ERP, which end with the test."""

    def __init__(
        self, erp: Erp, runner: PreloadedRunner, stack: ExitStack, periods: int | None = None
    ) -> None:
        """Build worlds of `erp`, whose taps `runner` runs with that `periods_per_request`."""
        self.erp = erp
        self._periods = periods
        self._runner = runner
        self._stack = stack

    def __call__(self, books: Books | None = None, **plan: Any) -> World:
        """A world with these books, or with such as `Books.generate` makes of the plan."""
        sim = Simulator(books_for(self.erp, **plan) if books is None else books)
        world = self._stack.enter_context(sim)
        return World(self.erp, world, self._runner, periods=self._periods)

    def like(self, plain: Plain) -> World:
        """A world of its own with the same books, to be read in another way."""
        sim = Simulator(plain.world.books)
        world = self._stack.enter_context(sim)
        return World(
            self.erp,
            world,
            self._runner,
            end_date=plain.world.end_date,
            files=plain.world.files,
            periods=self._periods,
        )

    def several(self, **plan: Any) -> World:
        """A world of two companies where the ERP knows more than one."""
        return self(companies=2 if self.erp.reported else 1, **plan)


class Plain(NamedTuple):
    """A run with nothing but the usual settings, on sound books; look, but do not change."""

    world: World
    run: Run
    requests: list[LoggedRequest]

    @property
    def truths(self) -> list[Truth]:
        """What the streams must say of each company."""
        return self.world.truths


class Once:
    """What is made once and looked at by many tests, by ERP."""

    def __init__(self, preloaded: Preloaded, folder: Path) -> None:
        """Make nothing yet."""
        self._runner = PreloadedRunner(folder, preloaded)
        self._plain: dict[str, Plain] = {}
        self._catalogs: dict[str, dict[str, Any]] = {}

    def plain(self, erp: Erp, entries: int, end_date: str, periods: int | None) -> Plain:
        """Two companies where the ERP knows more than one, until that day."""
        key = f"{erp} {end_date} {periods}"
        if key not in self._plain:
            with ExitStack() as stack:
                build = Build(erp, self._runner, stack, periods)
                world = build.several(entries_per_month=entries)
                world.end_date = end_date
                run = world.good()
                self._plain[key] = Plain(world, run, list(world.sim.requests))
        return self._plain[key]

    def catalog(self, erp: Erp) -> dict[str, Any]:
        """What `--discover` writes; it depends on neither books nor settings."""
        if erp.name not in self._catalogs:
            with ExitStack() as stack:
                world = Build(erp, self._runner, stack)()
                self._catalogs[erp.name] = world.discover()
        return deepcopy(self._catalogs[erp.name])


@pytest.fixture(scope="session")
def preloaded() -> Preloaded:
    """The process that holds the commands' imports."""
    return shared()


@pytest.fixture(scope="session")
def once(preloaded: Preloaded, tmp_path_factory: pytest.TempPathFactory) -> Once:
    """What is made once."""
    return Once(preloaded, tmp_path_factory.mktemp("once"))


@pytest.fixture
def build(erp: Erp, periods: int | None, preloaded: Preloaded, tmp_path: Path) -> Iterator[Build]:
    """Build a world: `build(companies=2, entries_per_month=5)`, as `Books.generate` has it."""
    with ExitStack() as stack:
        yield Build(erp, PreloadedRunner(tmp_path, preloaded), stack, periods)


@pytest.fixture
def world(build: Build) -> World:
    """A company with a quarter of small books."""
    return build(entries_per_month=12)


@pytest.fixture
def plain(erp: Erp, periods: int | None, once: Once) -> Plain:
    """A run of a quarter."""
    return once.plain(erp, 15, "2024-03-31", periods)


@pytest.fixture
def brief(erp: Erp, periods: int | None, once: Once) -> Plain:
    """A run of two months, which others are compared with."""
    return once.plain(erp, 8, "2024-02-29", periods)


@pytest.fixture
def same(build: Build, brief: Plain) -> World:
    """The books of the brief run, to be read in another way."""
    return build.like(brief)


@pytest.fixture
def catalog(erp: Erp, once: Once) -> dict[str, Any]:
    """A catalog of the test's own, to select in."""
    return once.catalog(erp)
