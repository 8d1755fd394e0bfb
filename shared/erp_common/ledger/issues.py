"""The keys of findings: a repeated run gives the same finding the same key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Any

import msgspec

from erp_common.ledger.models import Finding
from erp_common.ledger.periods import Period

_canonical = msgspec.json.Encoder(order="sorted", decimal_format="string")


def with_keys(
    findings: Iterable[Finding],
    company_id: str,
    period: Period,
    mask: Callable[[str], str] = str,
) -> Iterator[Finding]:
    """Each finding, its texts masked, with its `issue_id`.

    The key hashes company, period, stream, code, account, entry and raw row. Findings alike in
    all of these (the ERP sent the same bad row twice) are numbered in the order they come, so that
    none overwrites another; being alike, it does not matter which gets which number. Give it all
    findings of an extraction at once.

    Args:
        findings: The findings of one company and period.
        company_id: The company as the warehouse calls it.
        period: The period read.
        mask: Takes the secrets out of a text.
    """
    seen: Counter[str] = Counter()
    for finding in findings:
        told = msgspec.structs.replace(
            finding, message=mask(finding.message), raw=masked(finding.raw, mask)
        )
        key = _hash(told, company_id, period, 0)
        number = seen[key]
        seen[key] += 1
        told.issue_id = _hash(told, company_id, period, number) if number else key
        yield told


def masked(raw: dict[str, Any], mask: Callable[[str], str]) -> dict[str, Any]:
    """The row with every text in it masked, however deep."""
    return {name: _masked(value, mask) for name, value in raw.items()}


def _masked(value: Any, mask: Callable[[str], str]) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return masked(value, mask)
    if isinstance(value, list):
        return [_masked(item, mask) for item in value]
    return value


def _hash(finding: Finding, company_id: str, period: Period, number: int) -> str:
    parts = (
        company_id,
        period.start,
        period.end,
        finding.stream_name,
        finding.code,
        finding.account_code,
        finding.entry_id,
        finding.raw,
        number,
    )
    return sha256(_canonical.encode(parts)).hexdigest()
