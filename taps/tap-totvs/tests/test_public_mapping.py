# ruff: noqa: INP001 -- packages named tests would hide one another
"""What each column of CT1, CQ0 and CT2 becomes, and which rows are refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from erp_common.ledger.models import (
    AccountType,
    Posting,
    PostingKind,
    Side,
    StatedAccount,
    StatedType,
)
from erp_common.ledger.normalize import InvalidValue
from tap_totvs.public.mapping import (
    Account,
    Entry,
    EntryLines,
    Month,
    account,
    cents,
    lines,
    movement,
)

BANK = "111001"
SALES = "411001"


def in_chart(**changes: Any) -> Account:
    row = {
        "CT1_CONTA": f"{BANK}              ",
        "CT1_DESC01": "BANCO CONTA MOVIMENTO                   ",
        "CT1_CLASSE": "2",
        "CT1_NORMAL": "1",
        "CT1_CTASUP": "1110                ",
        "CT1_NATCTA": "01",
    }
    return Account(**{**row, **changes})


def in_month(**changes: Any) -> Month:
    row = {
        "CQ0_DATA": "20240131",
        "CQ0_CONTA": f"{BANK}              ",
        "CQ0_DEBITO": Decimal("500.25"),
        "CQ0_CREDIT": "200.05",
    }
    return Month(**{**row, **changes})


def entry(**changes: Any) -> Entry:
    row = {
        "CT2_FILIAL": "01    ",
        "CT2_DATA": "20240131",
        "CT2_LOTE": "008810",
        "CT2_SBLOTE": "001",
        "CT2_DOC": "000042",
        "CT2_LINHA": "001",
        "CT2_DC": "1",
        "CT2_DEBITO": f"{BANK}              ",
        "CT2_CREDIT": "                    ",
        "CT2_VALOR": Decimal("1234.56"),
        "CT2_HIST": "RECEBIMENTO NF 42                       ",
        "CT2_CCD": "ADM      ",
        "CT2_CCC": "VENDAS   ",
        "R_E_C_N_O_": 7,
    }
    return Entry(**{**row, **changes})


def test_account() -> None:
    assert account(in_chart()) == StatedAccount(
        code=BANK,
        name="BANCO CONTA MOVIMENTO",
        stated_type=StatedType(type=AccountType.ASSET),
        parent_code="1110",
        normal_balance=Side.DEBIT,
        is_summary=False,
    )


@pytest.mark.parametrize(("stated", "is_summary"), [("1", True), ("2", False), (1, True)])
def test_class(stated: object, is_summary: bool) -> None:  # noqa: FBT001
    assert account(in_chart(CT1_CLASSE=stated)).is_summary is is_summary


@pytest.mark.parametrize(("stated", "side"), [("1", Side.DEBIT), ("2", Side.CREDIT)])
def test_normal_side(stated: str, side: Side) -> None:
    assert account(in_chart(CT1_NORMAL=stated)).normal_balance is side


@pytest.mark.parametrize("nature", [None, "  "])
def test_a_nature_may_be_blank(nature: object) -> None:
    assert account(in_chart(CT1_NATCTA=nature)).stated_type is None


def test_a_nature_that_is_none_is_kept_to_be_told_of() -> None:
    assert account(in_chart(CT1_NATCTA="77")).stated_type == StatedType(unread="77")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *((name, None) for name in ("CT1_CONTA", "CT1_DESC01", "CT1_CLASSE", "CT1_NORMAL")),
        *((name, "   ") for name in ("CT1_CONTA", "CT1_CLASSE")),
    ],
)
def test_an_account_lacks_a_column(column: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{column} "):
        account(in_chart(**{column: value}))


def test_a_name_and_a_side_that_nobody_has_filled_in() -> None:
    bare = account(in_chart(CT1_DESC01="   ", CT1_NORMAL=" "))
    assert (bare.name, bare.normal_balance) == (BANK, None)


@pytest.mark.parametrize(("kind", "named"), [("5", "rateio"), ("6", "lançamento padrão")])
def test_kinds_of_rows_without_known_sides_are_told(kind: str, named: str) -> None:
    with pytest.raises(InvalidValue, match=rf"^CT2_DC is '{kind}' \({named}\)"):
        lines(entry(CT2_DC=kind))


def test_an_entry_in_another_currency_alone_is_a_line_of_nothing() -> None:
    (line,) = lines(entry(CT2_VALOR=0))
    assert (line.debit_amount, line.credit_amount) == (Decimal(0), Decimal(0))


@pytest.mark.parametrize(("column", "value"), [("CT1_CLASSE", "3"), ("CT1_NORMAL", "9")])
def test_an_account_column_cannot_be_read(column: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{column} "):
        account(in_chart(**{column: value}))


def test_a_month_is_like_one_posting_on_its_last_day() -> None:
    found = movement(in_month())
    assert (found.account_code, found.transaction_date) == (BANK, date(2024, 1, 31))
    assert (found.debit_amount, found.credit_amount) == (Decimal("500.25"), Decimal("200.05"))


@pytest.mark.parametrize("column", ["CQ0_DATA", "CQ0_CONTA", "CQ0_DEBITO", "CQ0_CREDIT"])
@pytest.mark.parametrize("value", [None, "   "])
def test_a_month_lacks_a_column(column: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{column} "):
        movement(in_month(**{column: value}))


def test_debit() -> None:
    assert lines(entry()) == [
        Posting(
            account_code=BANK,
            entry_id="01-20240131-008810-001-000042-001",
            journal_id="01-20240131-008810-001-000042",
            transaction_date=date(2024, 1, 31),
            posting_date=date(2024, 1, 31),
            debit_amount=Decimal("1234.56"),
            description="RECEBIMENTO NF 42",
            document_number="000042",
            cost_center="ADM",
        )
    ]


def test_credit() -> None:
    (line,) = lines(entry(CT2_DC="2", CT2_DEBITO="", CT2_CREDIT=SALES))
    assert (line.account_code, line.debit_amount, line.credit_amount, line.cost_center) == (
        SALES,
        Decimal(0),
        Decimal("1234.56"),
        "VENDAS",
    )


def test_double_entry() -> None:
    both = lines(entry(CT2_DC=3, CT2_CREDIT=SALES))
    assert [
        (one.account_code, one.debit_amount, one.credit_amount, one.cost_center) for one in both
    ] == [
        (BANK, Decimal("1234.56"), Decimal(0), "ADM"),
        (SALES, Decimal(0), Decimal("1234.56"), "VENDAS"),
    ]
    assert len({one.entry_id for one in both}) == 1


@pytest.mark.parametrize("filial", ["", "      ", None])
def test_a_table_that_branches_share_has_no_filial(filial: str | None) -> None:
    assert lines(entry(CT2_FILIAL=filial))[0].entry_id == "-20240131-008810-001-000042-001"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("CT2_DC", "5"),
        ("CT2_DC", None),
        ("CT2_DATA", "20240231"),
        ("CT2_DATA", "        "),
        ("CT2_VALOR", None),
        ("CT2_VALOR", "abc"),
        ("CT2_DEBITO", "   "),
        ("CT2_DEBITO", "1;1"),
        ("CT2_LOTE", None),
        ("CT2_SBLOTE", " "),
        ("CT2_DOC", None),
        ("CT2_LINHA", ""),
    ],
)
def test_an_entry_column_cannot_be_read(column: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{column} "):
        lines(entry(**{column: value}))


@pytest.mark.parametrize(("stated", "metadata"), [("        ", {}), (None, {}), ("20231231", None)])
def test_a_closing_entry_says_so(stated: object, metadata: dict[str, str] | None) -> None:
    (line,) = lines(entry(CT2_DTLP=stated))
    assert line.metadata == ({"closing_date": "2023-12-31"} if metadata is None else metadata)


def test_a_continuation_is_text_and_no_amount() -> None:
    reader = EntryLines()
    rows = [
        entry(),
        entry(CT2_DC="4", CT2_LINHA="002", CT2_HIST="DO CLIENTE EXEMPLO", R_E_C_N_O_=8),
        entry(CT2_DC="4", CT2_LINHA="003", CT2_HIST="LTDA", R_E_C_N_O_=9),
        entry(CT2_LINHA="004", CT2_HIST="TARIFA", R_E_C_N_O_=10),
    ]
    found = [line for row in rows for line in reader(row)] + list(reader.end())
    assert [(one.description, one.debit_amount) for one in found] == [
        ("RECEBIMENTO NF 42 DO CLIENTE EXEMPLO LTDA", Decimal("1234.56")),
        ("TARIFA", Decimal("1234.56")),
    ]


def test_a_continuation_goes_on_from_both_sides_of_a_double_entry() -> None:
    reader = EntryLines()
    assert reader(entry(CT2_DC="3", CT2_CREDIT=SALES)) == ()
    assert reader(entry(CT2_DC="4", CT2_LINHA="002", CT2_HIST="MAIS", R_E_C_N_O_=8)) == ()
    assert {one.description for one in reader.end()} == {"RECEBIMENTO NF 42 MAIS"}


@pytest.mark.parametrize("changes", [{"CT2_DOC": "000043"}, {"CT2_FILIAL": "02"}])
def test_a_continuation_of_another_document_is_refused(changes: dict[str, str]) -> None:
    reader = EntryLines()
    reader(entry())
    with pytest.raises(InvalidValue, match="the line whose text it continues is not there"):
        reader(entry(CT2_DC="4", R_E_C_N_O_=8, **changes))
    assert [one.description for one in reader.end()] == ["RECEBIMENTO NF 42"]


def test_a_row_that_comes_again_counts_once() -> None:
    reader = EntryLines()
    found = [line for row in (entry(), entry(), entry()) for line in reader(row)]
    assert len([*found, *reader.end()]) == 1


def test_rows_whose_number_is_hidden_all_count() -> None:
    reader = EntryLines()
    rows = (entry(R_E_C_N_O_=None), entry(R_E_C_N_O_=None))
    assert len([*(line for row in rows for line in reader(row)), *reader.end()]) == 2


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        (Decimal("1234.5600000000001"), "1234.56"),
        (Decimal("1234.5599999999999"), "1234.56"),
        (Decimal("99999999999.99001"), "99999999999.99"),
        ("1234.5600000000001", "1234.56"),
        (Decimal("1234.5"), "1234.5"),
        (12, "12"),
        (Decimal("-0.0000000001"), "0.00"),
    ],
)
def test_binary_dust_is_wiped_off(stated: object, found: str) -> None:
    assert cents(stated, "CT2_VALOR") == Decimal(found)


def test_more_than_dust_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"CT2_VALOR is 10\.125; Protheus keeps"):
        cents(Decimal("10.125"), "CT2_VALOR")


@pytest.mark.parametrize(
    ("closing", "kind"),
    [
        (None, None),
        ("        ", PostingKind.NORMAL),
        ("00000000", PostingKind.NORMAL),
        ("20231231", PostingKind.CLOSING),
    ],
)
def test_what_closes_the_result(closing: str | None, kind: PostingKind | None) -> None:
    assert [one.posting_kind for one in lines(entry(CT2_DTLP=closing))] == [kind]


def test_a_closing_date_that_is_none() -> None:
    with pytest.raises(InvalidValue, match=r"^CT2_DTLP "):
        lines(entry(CT2_DTLP="20231331"))
