"""The keys of findings: a repeated run gives the same finding the same key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import msgspec

from erp_common.ledger.models import Finding
from erp_common.ledger.periods import Period
from erp_common.ledger.sentences import said
from erp_common.printable import cut_off, printable

_MAX_MESSAGE = 2000
_MAX_RAW = 1 << 16
"""Bytes of a row that a finding keeps."""
_MAX_DIGITS = 100
_MAX_WHOLE = 2**63
_canonical = msgspec.json.Encoder(order="sorted", decimal_format="string")


def with_keys(
    findings: Iterable[Finding],
    company_id: str,
    period: Period,
    mask: Callable[[str], str] = str,
    catalogue: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Finding]:
    """Each finding, its message in the language asked for, its texts masked, with its `issue_id`.

    The key hashes company, period, stream, code, account, entry and raw row. Findings alike in
    all of these (the ERP sent the same bad row twice) are numbered in the order they come, so that
    none overwrites another; being alike, it does not matter which gets which number. Give it all
    findings of an extraction at once.

    Args:
        findings: The findings of one company and period.
        company_id: The company as the warehouse calls it.
        period: The period read.
        mask: Takes the secrets out of a text.
        catalogue: The language's templates by the English ones.
    """
    seen: Counter[str] = Counter()
    for finding in findings:
        told = msgspec.structs.replace(
            finding,
            message=cut_off(printable(mask(said(finding.message, catalogue))), _MAX_MESSAGE),
            raw=masked(finding.raw, mask),
        )
        key = _hash(told, company_id, period, 0)
        number = seen[key]
        seen[key] += 1
        told.issue_id = _hash(told, company_id, period, number) if number else key
        yield told


def masked(raw: dict[str, Any], mask: Callable[[str], str]) -> dict[str, Any]:
    """The row with every text in it masked, however deep, as any database can keep it.

    Characters that are none go, numbers that no database holds become text, and so does a row that
    is longer than anybody reads, cut off.
    """
    kept: dict[str, Any] = _storable(raw, mask)
    written = _canonical.encode(kept)
    if len(written) > _MAX_RAW:
        return {"cut_off": printable(written[:_MAX_RAW].decode(errors="ignore"))}
    return kept


def _storable(value: Any, mask: Callable[[str], str]) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, str):
        return printable(mask(value))
    if isinstance(value, dict):
        # Names that differ in nothing else are one, whichever comes first in the row.
        odd = any(name != printable(name) for name in value)
        names = sorted(value, reverse=True) if odd else value
        return {printable(name): _storable(value[name], mask) for name in names}
    if isinstance(value, list):
        return [_storable(item, mask) for item in value]
    if isinstance(value, Decimal) and not _can_be_held(value):
        return str(value)
    if isinstance(value, int) and abs(value) >= _MAX_WHOLE:
        return str(value)
    return value


def _can_be_held(number: Decimal) -> bool:
    return (
        number.is_finite()
        and len(number.as_tuple().digits) <= _MAX_DIGITS
        and (abs(number.adjusted()) <= _MAX_DIGITS)
    )


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
