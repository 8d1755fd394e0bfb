"""What is put away comes back as it was, and is nobody else's to read."""

from __future__ import annotations

import errno
import os
import stat
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.errors import ERPValidationError
from erp_common.extract import spool
from erp_common.extract.spool import Spool, decode_postings, encode_postings
from erp_common.ledger.models import Posting, PostingKind

amounts = st.decimals(allow_nan=False, allow_infinity=False)
texts = st.none() | st.text()
postings = st.builds(
    Posting,
    account_code=st.text(),
    account_name=texts,
    entry_id=st.text(),
    line_number=st.integers(1, 1 << 40),
    journal_id=texts,
    posting_kind=st.none() | st.sampled_from(PostingKind),
    transaction_date=st.dates(),
    posting_date=st.dates(),
    debit_amount=amounts,
    credit_amount=amounts,
    description=texts,
    metadata=st.dictionaries(
        st.text(), st.text() | st.integers(-(1 << 63), 1 << 63) | st.booleans() | st.none()
    ),
)


@given(st.lists(st.lists(postings, max_size=3), max_size=5))
def test_postings_come_back_to_the_digit(kept: list[list[Posting]]) -> None:
    held = Spool(encode_postings, decode_postings)
    marks = [held.put(one) for one in kept]
    for mark, rows in reversed(list(zip(marks, kept, strict=True))):
        found = held.get(mark)
        assert found == rows
        for one, other in zip(found, rows, strict=True):
            assert str(one.debit_amount) == str(other.debit_amount)
    held.close()


def test_the_file_is_its_owner_s_alone_and_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY", 1)
    held: Spool[bytes] = Spool(bytes, bytes)
    assert held.get(held.put(b"x" * 100)) == b"x" * 100
    number: int = held._file.fileno()
    found = os.fstat(number)
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_nlink == 0
    held.close()


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    held: Spool[bytes] = Spool(bytes, bytes)

    class Full:
        def seek(self, _: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(held, "_file", Full())
    with pytest.raises(ERPValidationError, match=r"No space left on device.*TMPDIR"):
        held.put(b"x")


def test_what_the_ledger_keeps_of_a_posting_is_text_or_plain() -> None:
    """Amounts within `metadata` would come back as text: there must be none."""
    row: Any = Posting(
        account_code="1",
        entry_id="1",
        transaction_date=date(2024, 1, 1),
        posting_date=date(2024, 1, 1),
        debit_amount=Decimal("1.10"),
    )
    assert msgspec.msgpack.decode(encode_postings([row]))[0]["debit_amount"] == "1.10"
