"""Keys of findings: the same in a repeated run, different for whatever differs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger.finding_keys import masked, with_keys
from erp_common.ledger.findings import Code, finding
from erp_common.ledger.models import Finding
from erp_common.ledger.periods import Period

from .books import FEBRUARY, JANUARY


def invalid(raw: dict[str, Any], **fields: Any) -> Finding:
    return finding(Code.INVALID_RECORD, "A row cannot be read.", raw=raw, **fields)


def keys(findings: list[Finding], company: str = "A", period: Period = JANUARY) -> list[str]:
    return [told.issue_id for told in with_keys(findings, company, period)]


raws = st.dictionaries(
    st.text(max_size=3),
    st.none() | st.booleans() | st.text(max_size=3) | st.decimals(allow_nan=False) | st.integers(),
    max_size=3,
)


@given(st.lists(raws, max_size=6), st.randoms(use_true_random=False))
def test_keys_are_unique_and_do_not_depend_on_the_order(
    rows: list[dict[str, Any]], chance: Any
) -> None:
    found = [invalid(row) for row in rows]
    first = keys(found)
    assert len(set(first)) == len(first)
    again = [invalid(dict(reversed(list(row.items())))) for row in rows]
    assert keys(again) == first
    chance.shuffle(found)
    assert sorted(keys(found)) == sorted(first)


def test_everything_the_key_is_made_of_tells_findings_apart() -> None:
    base = invalid({"a": 1}, account_code="1", entry_id="e")
    others = [
        invalid({"a": 2}, account_code="1", entry_id="e"),
        invalid({"a": 1}, account_code="2", entry_id="e"),
        invalid({"a": 1}, account_code="1", entry_id="f"),
        invalid({"a": 1}, account_code="1", entry_id="e", stream="subledger"),
        finding(Code.ORPHAN_ACCOUNT, "…", raw={"a": 1}, account_code="1", entry_id="e"),
    ]
    alone = {keys([one])[0] for one in [base, *others]}
    alone |= {keys([base], company="B")[0], keys([base], period=FEBRUARY)[0]}
    alone |= {keys([base], period=Period(JANUARY.start, FEBRUARY.end))[0]}
    assert len(alone) == 9


def test_a_repeated_row_is_not_lost() -> None:
    one, other = keys([invalid({"a": 1}), invalid({"a": 1})])
    assert one != other
    assert keys([invalid({"a": 1})]) == [one]


def test_messages_and_amounts_may_change_without_a_new_key() -> None:
    one = finding(Code.SUBLEDGER_MISMATCH, "5 against 6", account_code="1", actual=Decimal(5))
    other = finding(Code.SUBLEDGER_MISMATCH, "7 against 6", account_code="1", actual=Decimal(7))
    assert keys([one]) == keys([other])


def test_secrets_are_masked_however_deep_and_leave_no_trace_in_the_key() -> None:
    def rows(secret: str) -> dict[str, Any]:
        return {"k": secret, "n": {"k": [f"x {secret}", 1, None, {"k": secret}]}, "d": Decimal(1)}

    def mask(secret: str) -> Any:
        return lambda text: text.replace(secret, "***")

    told = next(with_keys([invalid(rows("s3"))], "A", JANUARY, mask("s3")))
    assert told.raw == {
        "k": "***",
        "n": {"k": ["x ***", 1, None, {"k": "***"}]},
        "d": Decimal(1),
    }
    assert masked(rows("s3"), mask("s3")) == told.raw
    assert (
        next(with_keys([invalid(rows("t4"))], "A", JANUARY, mask("t4"))).issue_id == told.issue_id
    )


def test_a_secret_in_the_message_is_masked() -> None:
    leaky = finding(Code.INVALID_RECORD, "x is 's3'")
    told = next(with_keys([leaky], "A", JANUARY, lambda text: text.replace("s3", "***")))
    assert told.message == "x is '***'"
    assert leaky.message == "x is 's3'"


def test_the_key_is_the_same_in_every_process() -> None:
    assert keys([invalid({"b": Decimal("1.10"), "a": None})]) == [
        "1dd0963069696de269660f2b45736d10f562829582a6a73b2fc9d14610a1cb52",
    ]


@pytest.mark.parametrize("value", [Decimal(5), 5])
def test_expected_and_actual_are_text(value: Decimal | int) -> None:
    found = finding(Code.ROW_COUNT_MISMATCH, "…", expected=value, actual=value)
    assert (found.expected, found.actual) == ("5", "5")
    assert finding(Code.BALANCE_EQUATION, "…", actual=Decimal("1E+5")).actual == "100000"
