# ruff: noqa: INP001 -- packages named tests would hide one another
"""What a disguised state knows closed periods by is as like the replay as the state was the run."""

from __future__ import annotations

from typing import Any

from erp_common.replay import watched


def state(company: str, digests: dict[str, str] | None) -> dict[str, Any]:
    """A state with digests, or with none."""
    entry: dict[str, Any] = {"context": {"company_id": company}, "replication_key": "period_end"}
    if digests is not None:
        entry["closed_periods"] = {"period": "month", "digests": digests}
    return {"bookmarks": {"periods": {"partitions": [entry]}, "subledger": {"partitions": [entry]}}}


BEFORE = {"01": "sameSAME", "02": "foloMOVE", "03": "elseELSE", "04": "goneGONE"}
BEFORE = {day: text[:4] * 2 + text[4:] * 2 for day, text in BEFORE.items()}
AFTER = BEFORE | {"02": "xxxxxxxx" + BEFORE["02"][8:], "03": "x" * 16}
REPLAYED = {day: f"r{day}bbbbbr{day}mmmmm" for day in ("01", "02", "03")}


def remembered(came_to: Any) -> dict[str, str]:
    disguised = state("Qxyz", None)
    watched.remember(disguised, state("Acme", BEFORE), came_to, state("Qxyz", REPLAYED))
    found: dict[str, str] = disguised["bookmarks"]["periods"]["partitions"][0]["closed_periods"][
        "digests"
    ]
    return found


def test_a_period_is_like_the_replay_or_unlike_as_it_was_in_the_run() -> None:
    """Unchanged; changed in balances that follow; changed in movements; not watched any more."""
    found = remembered(state("Acme", AFTER))
    assert found["01"] == REPLAYED["01"]
    assert found["02"][8:] == REPLAYED["02"][8:]
    assert found["02"][:8] != REPLAYED["02"][:8]
    assert found["03"][8:] != REPLAYED["03"][8:]
    assert "04" not in found
    assert not set(found.values()) & set(BEFORE.values())


def test_a_run_without_a_state_at_its_end_has_changed_nothing() -> None:
    assert remembered(None) == REPLAYED


def test_the_last_state_is_found_among_messages() -> None:
    messages = b'{"type":"STATE","value":1}\n{"type":"STATE","value":{"a":2}}\n{"type":"RECORD"}\n'
    assert watched.last_state(messages) == {"a": 2}
    assert watched.last_state(b'{"type":"RECORD"}\n') is None
    assert watched.knows_the_past(state("Acme", BEFORE))
    assert not watched.knows_the_past(state("Acme", None))
    assert not watched.knows_the_past(None)
