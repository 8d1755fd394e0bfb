"""What is promised of any run of any tap, against servers that share no code with it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped] # typed in another package

from field.books import whole
from field.test_span import FIELD

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract.commands import Run
    from field.conftest import Open, Reader

SPAN: dict[str, Any] = {"start_date": "2024-01-01", "end_date": "2024-04-30"}
STREAMS = ("periods", "subledger", "trial_balance", "validation_issues")


@pytest.fixture(params=FIELD)
def run(request: pytest.FixtureRequest, stage: Open, read: Reader) -> Callable[..., Run]:
    """Read one of the ERPs with these settings."""
    tap, script, settings = FIELD[request.param]
    server = stage(script())

    def reading(**more: Any) -> Run:
        done = read(tap, server, **settings | SPAN | more)
        whole(done)
        return done

    return reading


def test_rows_are_what_their_schemas_say(run: Callable[..., Run]) -> None:
    """Every row fits its schema, has no other field, and a key of its own within its extraction."""
    done = run()
    schemas = {one["stream"]: one for one in done.messages if one["type"] == "SCHEMA"}
    assert set(schemas) == set(STREAMS)
    for stream, message in schemas.items():
        rows = done.records(stream)
        strict = message["schema"] | {"additionalProperties": False}
        validator = Draft7Validator(strict)
        for row in rows:
            plain = {
                name: float(value) if isinstance(value, Decimal) else value
                for name, value in row.items()
            }
            validator.validate(plain)
        keys = Counter(tuple(row[name] for name in message["key_properties"]) for row in rows)
        assert set(keys.values()) <= {1}
        assert all(row["company_id"] == "acme" for row in rows)


def test_headers_are_the_sums_of_their_rows(run: Callable[..., Run]) -> None:
    """Totals over analytic accounts, counts of rows, one moment for all rows of a period."""
    done = run()
    headers = done.records("periods")
    assert [row["period_start"] for row in headers] == [f"2024-0{n}-01" for n in range(1, 5)]
    for header in headers:
        of: dict[str, list[dict[str, Any]]] = {
            stream: [
                row for row in done.records(stream) if row["period_end"] == header["period_end"]
            ]
            for stream in STREAMS
        }
        moments = {row["extracted_at"] for rows in of.values() for row in rows}
        assert moments == {header["extracted_at"]}
        analytic = [row for row in of["trial_balance"] if not row["is_summary"]]
        assert header["account_count"] == len(analytic)
        assert header["entry_count"] == len(of["subledger"])
        assert header["issue_count"] == len(of["validation_issues"])
        for total, name in (("total_debit", "debit_amount"), ("total_credit", "credit_amount")):
            assert Decimal(header[total]) == sum(Decimal(row[name]) for row in analytic)
        for net in ("net_opening_balance", "net_closing_balance"):
            assert sum(Decimal(row[net]) for row in analytic) == 0
        for row in of["trial_balance"]:
            moved = Decimal(row["debit_amount"]) - Decimal(row["credit_amount"])
            opening, closing = row["net_opening_balance"], row["net_closing_balance"]
            assert Decimal(opening) + moved == Decimal(closing)
        if not (header["is_balanced"] and header["is_reconciled"]):
            assert of["validation_issues"]


def test_one_run_and_a_chain_of_runs_leave_the_same_rows(run: Callable[..., Run]) -> None:
    """Each run begins where the state of the one before says; the latest rows of a period count."""

    def current(*runs: Run) -> dict[tuple[str, ...], dict[str, Any]]:
        rows: dict[tuple[str, ...], dict[str, Any]] = {}
        for done in runs:
            keys = {
                m["stream"]: m["key_properties"] for m in done.messages if m["type"] == "SCHEMA"
            }
            for stream in ("periods", "subledger", "trial_balance"):
                for row in done.records(stream):
                    kept = {name: row[name] for name in row if name != "extracted_at"}
                    key = (stream, *(str(row[name]) for name in keys[stream]))
                    rows[key] = kept
        return rows

    # What is told of the first opening is told once, so that counts of findings differ.
    def uncounted(rows: dict[tuple[str, ...], dict[str, Any]]) -> list[dict[str, Any]]:
        found = [{k: v for k, v in rows[key].items() if k != "issue_count"} for key in sorted(rows)]
        assert found
        return found

    first = run(end_date="2024-02-29")
    assert [row["period_start"][:7] for row in first.records("periods")] == ["2024-01", "2024-02"]
    second = run(state=first.state)
    assert [row["period_start"][:7] for row in second.records("periods")] == [
        "2024-01",
        "2024-02",
        "2024-03",
        "2024-04",
    ][-len(second.records("periods")) :]
    assert uncounted(current(first, second)) == uncounted(current(run()))


def test_the_state_is_by_company_alone(run: Callable[..., Run]) -> None:
    """However many periods there are, and without a secret anywhere."""
    done = run()
    for stream in done.state["bookmarks"].values():
        (partition,) = stream["partitions"]
        assert partition["context"] == {"company_id": "acme"}
        assert partition["replication_key_value"] == "2024-04-30"
    assert "segredo-do-teste" not in done.stderr
    assert "segredo-do-teste" not in str(done.messages)
