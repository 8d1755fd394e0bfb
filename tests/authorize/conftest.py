"""An ERP that asks for consent, and a tap that wants it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from authorize.attempt import World
from simulator import Books, Simulator


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(Books.generate(entries_per_month=4)) as simulator:
        yield simulator


@pytest.fixture
def world(sim: Simulator, tmp_path: Path) -> World:
    """Bling, whose settings are those of a user who has done what the documentation says."""
    return World.of("bling", sim, tmp_path)


@pytest.fixture
def browsers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as threads:
        yield threads


@pytest.fixture
def released() -> Iterator[Event]:
    """What a held answer waits for; set when the test is over."""
    event = Event()
    yield event
    event.set()
