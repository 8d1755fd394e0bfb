"""Digests of closed periods, made anew for a ledger whose amounts are disguised.

What a state knows a closed period by is made of amounts, so a run against the capture that knew
nothing says what it is made of now; where the run itself found the period changed, it is unlike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

CLOSED = "closed_periods"
"""Where a state has them, beside a company's bookmark."""
_HALF = 8
_OTHER = "A" * _HALF
"""Half a digest that no ledger has but by a chance of one in 2^48."""


def last_state(messages: bytes) -> Any:  # noqa: ANN401 -- JSON's
    """The value of the last STATE message; None if there is none."""
    start = messages.rfind(b'{"type":"STATE"')
    if start < 0:
        return None
    return msgspec.json.decode(messages[start : messages.find(b"\n", start)])["value"]


def knows_the_past(state: Any) -> bool:  # noqa: ANN401 -- JSON's
    """Whether a state knows closed periods by their digests."""
    return any(_digests(entry) for entry in _partitions(state))


def remember(state: Any, original: Any, came_to: Any, replayed: Any) -> None:  # noqa: ANN401 -- JSON's
    """Put digests into a disguised state.

    Args:
        state: The disguised state, which has none.
        original: The state that the run began from.
        came_to: The run's last state; None if there was none.
        replayed: The last state of a run against the capture that began from `state`.
    """
    read = _by_company(original if came_to is None else came_to)
    now = _by_company(replayed)
    for entry, before in zip(_partitions(state), _partitions(original), strict=True):
        known = _digests(before)
        there = now.get(_company(entry), {})
        found = read.get(_company(before), {})
        if known:
            entry[CLOSED] = {
                **before[CLOSED],
                "digests": {
                    day: _like(there[day], written, found.get(day))
                    for day, written in known.items()
                    if day in there
                },
            }


def _like(there: str, before: str, after: str | None) -> str:
    """A digest that is as like another as one was like the next."""
    if after is None or before == after:
        return there
    return _OTHER + (there[_HALF:] if before[_HALF:] == after[_HALF:] else _OTHER)


def _partitions(state: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 -- JSON's
    if isinstance(state, list):
        for one in state:
            yield from _partitions(one)
    elif isinstance(state, dict):
        if isinstance(state.get("context"), dict):
            yield state
        else:
            for one in state.values():
                yield from _partitions(one)


def _by_company(state: Any) -> dict[object, dict[str, str]]:  # noqa: ANN401 -- JSON's
    found = ((_company(entry), _digests(entry)) for entry in _partitions(state))
    return {company: digests for company, digests in found if digests}


def _company(entry: dict[str, Any]) -> object:
    return entry["context"].get("company_id")


def _digests(entry: dict[str, Any]) -> dict[str, str]:
    held = entry.get(CLOSED)
    digests = held.get("digests") if isinstance(held, dict) else None
    return digests if isinstance(digests, dict) else {}
