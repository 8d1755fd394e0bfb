"""Charts of every shape come out as their owners mean them, whatever the ERP states of them."""

from __future__ import annotations

import pytest

from contract.conftest import Build
from contract.ledger import Record, months, without
from contract.wire import Body
from simulator import LoggedRequest
from simulator.shapes import SHAPES, books_of

JANUARY = months(2024, 1, 1)[0]
NOT_BY_CODE = {"reduced", "no_dots"}
"""Shapes whose codes alone do not say which account is above which."""
SOURCES = {"erp", "heading", "side", "digit", None}


@pytest.mark.by_day("omie", "totvs")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_chart_of_another_shape(build: Build, shape: str) -> None:
    """As the ERP states all of it, then without types, then with codes and names alone."""
    world = build(books_of(shape, opening=build.erp.openings))
    expected = world.truth.trial_balance(JANUARY)
    listing = world.erp.accounts
    unsaid: set[str] = set()

    def tamper(body: Body, _: LoggedRequest) -> None:
        for row in listing.rows(body):
            for field in unsaid.intersection(row):
                del row[field]

    if world.erp.filed:  # every file states all of it
        run = world.good(end_date=str(JANUARY.end))
        assert run.codes == []
        found = run.records("trial_balance")
        assert without(found) == _meant(expected, found)
        assert without(run.records("periods")) == [world.truth.header(JANUARY)]
        return
    kinds = [set(), {listing.fields["type"]}, {listing.fields["type"], *world.erp.derivable}]
    with world.tamper(listing, tamper):
        for fields in kinds[:2] if shape in NOT_BY_CODE else kinds:
            unsaid = fields
            run = world.good(end_date=str(JANUARY.end))
            assert run.codes == [], fields
            found = run.records("trial_balance")
            assert without(found) == _meant(expected, found), fields
            assert without(run.records("periods")) == [world.truth.header(JANUARY)]
            assert {row["metadata"].get("account_type_from") for row in found} <= SOURCES


def _meant(expected: list[Record], found: list[Record]) -> list[Record]:
    """The rows expected; a summary account above revenue and expense may have either type."""
    types = {row["account_code"]: row["account_type"] for row in found}
    return [
        {**row, "account_type": types[row["account_code"]]}
        if row["is_summary"] and row["account_type"] is None and "RECEITAS" in row["account_name"]
        else row
        for row in expected
    ]
