# ruff: noqa: INP001 -- packages named tests would hide one another
"""What each column of Protheus becomes, and which rows are refused."""

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
from tap_totvs import mapping
from tap_totvs.mapping import AccountLines, Balance, Movement, account, lines

BANK = "111001"
SALES = "411001"


def balance(**changes: Any) -> Balance:
    row = {
        "CT1_CONTA": f"{BANK}              ",
        "CT1_DESC01": "BANCO CONTA MOVIMENTO                   ",
        "CT1_CTASUP": "1110                ",
        "CT1_NATCTA": "01",
        "CTI_CLASSE": "1",
        "CTI_NORMAL": "D",
        "CTI_SALDOI": Decimal("1000.10"),
        "CTI_DEBITO": "500,25",
        "CTI_CREDITO": "200.05",
        "CTI_SALDOF": "1.300,30",
    }
    return Balance(**{**row, **changes})


def movement(**changes: Any) -> Movement:
    row = {
        "CT2_FILIAL": "01    ",
        "CT2_DATA": "20240131",
        "CT2_DTLANC": "20240205",
        "CT2_LOTE": "008810",
        "CT2_SBLOTE": "001",
        "CT2_DOC": "000042",
        "CT2_LINHA": "001",
        "CT2_DC": "1",
        "CT2_DEBITO": f"{BANK}              ",
        "CT2_CREDIT": "                    ",
        "CT2_VALOR": "1234.56",
        "CT2_HIST": "RECEBIMENTO NF 42                       ",
        "CT2_CCD": "ADM      ",
        "CT2_CCC": "VENDAS   ",
        "CT2_TPDOC": "NF ",
        "CT2_NUMDOC": "42                  ",
        "CT2_CLIFOR": "000077",
        "CT2_NOMECF": "CLIENTE EXEMPLO LTDA                    ",
    }
    return Movement(**{**row, **changes})


def test_account() -> None:
    assert account(balance(), "2") == StatedAccount(
        code=BANK,
        name="BANCO CONTA MOVIMENTO",
        stated_type=StatedType(type=AccountType.ASSET),
        parent_code="1110",
        normal_balance=Side.DEBIT,
        is_summary=False,
        opening=Decimal("1000.10"),
        debit=Decimal("500.25"),
        credit=Decimal("200.05"),
        closing=Decimal("1300.30"),
    )


@pytest.mark.parametrize(
    ("nature", "stated"),
    [
        ("01", StatedType(type=AccountType.ASSET)),
        ("02", StatedType(type=AccountType.LIABILITY)),
        ("03", StatedType(type=AccountType.EQUITY)),
        ("04", StatedType(result=True)),
        ("05", StatedType(off_balance=True)),
        ("09", StatedType(off_balance=True)),
        (2, StatedType(type=AccountType.LIABILITY)),
        ("  ", None),
        (None, None),
        ("77", StatedType(unread="77")),
    ],
)
def test_nature(nature: object, stated: StatedType | None) -> None:
    assert account(balance(CT1_NATCTA=nature), "2").stated_type == stated


@pytest.mark.parametrize(
    ("stated", "side"),
    [
        ("D", Side.DEBIT),
        ("C", Side.CREDIT),
        ("1", Side.DEBIT),
        ("2 ", Side.CREDIT),
        (1, Side.DEBIT),
    ],
)
def test_normal_side(stated: object, side: Side) -> None:
    assert account(balance(CTI_NORMAL=stated), "2").normal_balance is side


@pytest.mark.parametrize(
    ("stated", "summary_class", "is_summary"),
    [("2", "2", True), ("1", "2", False), ("2", "1", False), ("1", "1", True), (2, "2", True)],
)
def test_class(stated: object, summary_class: str, is_summary: bool) -> None:  # noqa: FBT001
    assert account(balance(CTI_CLASSE=stated), summary_class).is_summary is is_summary


def test_a_root_names_no_parent() -> None:
    assert account(balance(CT1_CTASUP=" " * 20), "2").parent_code is None


NEEDED = ["CT1_CONTA", "CTI_CLASSE", "CTI_SALDOI", "CTI_DEBITO", "CTI_CREDITO", "CTI_SALDOF"]


@pytest.mark.parametrize(
    ("column", "value"),
    [(name, None) for name in [*NEEDED, "CT1_DESC01", "CTI_NORMAL"]]
    + [(name, "   ") for name in NEEDED],
)
def test_an_account_lacks_a_column(column: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{column} "):
        account(balance(**{column: value}), "2")


def test_a_name_and_a_side_that_nobody_has_filled_in() -> None:
    bare = account(balance(CT1_DESC01="   ", CTI_NORMAL=" "), "2")
    assert (bare.name, bare.normal_balance) == (bare.code, None)


@pytest.mark.parametrize(
    ("column", "value"),
    [("CTI_CLASSE", "3"), ("CTI_NORMAL", "X"), ("CTI_SALDOI", "1.000"), ("CT1_CONTA", "1;1")],
)
def test_an_account_column_cannot_be_read(column: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=rf"^{column} "):
        account(balance(**{column: value}), "2")


def test_debit() -> None:
    assert lines(movement(), BANK) == [
        Posting(
            account_code=BANK,
            entry_id="01-20240131-008810-001-000042-001",
            journal_id="01-20240131-008810-001-000042",
            transaction_date=date(2024, 1, 31),
            posting_date=date(2024, 2, 5),
            debit_amount=Decimal("1234.56"),
            description="RECEBIMENTO NF 42",
            document_number="42",
            document_type="NF",
            cost_center="ADM",
            entity_id="000077",
            entity_name="CLIENTE EXEMPLO LTDA",
        )
    ]


def test_credit() -> None:
    (line,) = lines(movement(CT2_DC="2", CT2_DEBITO="", CT2_CREDIT=SALES), SALES)
    assert (line.account_code, line.debit_amount, line.credit_amount, line.cost_center) == (
        SALES,
        Decimal(0),
        Decimal("1234.56"),
        "VENDAS",
    )


@pytest.mark.parametrize(
    ("asked", "debit", "credit", "cost_center"),
    [(BANK, "1234.56", "0", "ADM"), (SALES, "0", "1234.56", "VENDAS")],
)
def test_double_entry(asked: str, debit: str, credit: str, cost_center: str) -> None:
    (line,) = lines(movement(CT2_DC=3, CT2_CREDIT=SALES), asked)
    assert (line.account_code, line.debit_amount, line.credit_amount, line.cost_center) == (
        asked,
        Decimal(debit),
        Decimal(credit),
        cost_center,
    )


def test_double_entry_within_one_account() -> None:
    both = lines(movement(CT2_DC="3", CT2_CREDIT=BANK), BANK)
    assert [(line.debit_amount, line.credit_amount) for line in both] == [
        (Decimal("1234.56"), Decimal(0)),
        (Decimal(0), Decimal("1234.56")),
    ]
    assert len({line.entry_id for line in both}) == 1


def test_a_reversal_keeps_its_sign() -> None:
    (line,) = lines(movement(CT2_VALOR=Decimal("-10.00")), BANK)
    assert line.debit_amount == Decimal("-10.00")


def test_what_may_be_blank() -> None:
    optional = ("DTLANC", "HIST", "CCD", "CCC", "TPDOC", "NUMDOC", "CLIFOR", "NOMECF", "FILIAL")
    (line,) = lines(movement(**{f"CT2_{name}": "   " for name in optional}), BANK)
    assert line.posting_date == line.transaction_date == date(2024, 1, 31)
    assert line.entry_id == "-20240131-008810-001-000042-001"
    assert {
        line.description,
        line.cost_center,
        line.document_type,
        line.document_number,
        line.entity_id,
        line.entity_name,
    } == {None}


@pytest.mark.parametrize("written", ["20240131", "2024-01-31", "31/01/2024"])
def test_an_entry_keeps_its_id_whatever_the_dates_look_like(written: str) -> None:
    (line,) = lines(movement(CT2_DATA=written), BANK)
    assert line.entry_id == "01-20240131-008810-001-000042-001"


@pytest.mark.parametrize(
    "column",
    [
        "CT2_FILIAL",
        "CT2_DATA",
        "CT2_LOTE",
        "CT2_SBLOTE",
        "CT2_DOC",
        "CT2_LINHA",
        "CT2_DC",
        "CT2_DEBITO",
        "CT2_VALOR",
        "CT2_HIST",
    ],
)
def test_a_movement_lacks_a_column(column: str) -> None:
    with pytest.raises(InvalidValue, match=rf"^{column} "):
        lines(movement(**{column: None}), BANK)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"CT2_DC": "1", "CT2_DEBITO": SALES, "CT2_CREDIT": BANK}, "CT2_DEBITO"),
        ({"CT2_DC": "2", "CT2_DEBITO": BANK, "CT2_CREDIT": SALES}, "CT2_CREDIT"),
        ({"CT2_DC": "3", "CT2_DEBITO": SALES, "CT2_CREDIT": SALES}, "CT2_DC"),
        ({"CT2_DC": "5"}, "CT2_DC"),
        ({"CT2_DATA": "20240231"}, "CT2_DATA"),
        ({"CT2_VALOR": "12,500"}, "CT2_VALOR"),
    ],
)
def test_a_movement_is_refused(changes: dict[str, Any], column: str) -> None:
    with pytest.raises(InvalidValue, match=rf"^{column} "):
        lines(movement(**changes), BANK)


class TestContinuedText:
    """Rows of kind 4."""

    def text(self, words: str, **changes: Any) -> Movement:
        blank: dict[str, Any] = dict.fromkeys(("CT2_DEBITO", "CT2_CREDIT"), " " * 20)
        return movement(CT2_DC="4", CT2_LINHA="002", CT2_HIST=words, **{**blank, **changes})

    def read(self, *rows: Movement, asked: str = BANK) -> list[Posting]:
        reader = AccountLines(asked)
        found = [line for row in rows for line in reader(row)]
        return [*found, *reader.end()]

    def test_it_is_joined_and_its_amount_is_none(self) -> None:
        first, last = self.read(
            movement(),
            self.text("  DA FILIAL NORTE      "),
            self.text("REF. JANEIRO", CT2_VALOR="isto nem é um valor"),
            movement(CT2_DOC="000043"),
        )
        assert first.description == "RECEBIMENTO NF 42 DA FILIAL NORTE REF. JANEIRO"
        assert first.debit_amount == Decimal("1234.56")
        assert last.description == "RECEBIMENTO NF 42"

    def test_it_is_the_last_row(self) -> None:
        (line,) = self.read(movement(CT2_HIST=" "), self.text("ADIANTAMENTO"))
        assert line.description == "ADIANTAMENTO"

    def test_it_says_nothing_of_its_document(self) -> None:
        more = Movement(CT2_DC="4", CT2_HIST="SEM CHAVE")
        (line,) = self.read(movement(), more)
        assert line.description == "RECEBIMENTO NF 42 SEM CHAVE"

    def test_both_sides_of_a_double_entry_get_it(self) -> None:
        both = self.read(movement(CT2_DC="3", CT2_CREDIT=BANK), self.text("TRANSFERENCIA"))
        assert [line.description for line in both] == ["RECEBIMENTO NF 42 TRANSFERENCIA"] * 2

    def test_each_line_comes_once_and_in_order(self) -> None:
        rows = [movement(CT2_LINHA=f"{number:03}") for number in range(1, 6)]
        rows[3:3] = [self.text("MAIS")]
        assert [line.entry_id[-3:] for line in self.read(*rows)] == [
            "001",
            "002",
            "003",
            "004",
            "005",
        ]

    def test_the_line_it_continues_is_not_there(self) -> None:
        reader = AccountLines(BANK)
        with pytest.raises(InvalidValue, match=r"^CT2_DC is 4"):
            reader(self.text("DE QUEM?"))
        assert [*reader(movement()), *reader.end()] == lines(movement(), BANK)

    def test_the_line_it_continues_is_another_document_s(self) -> None:
        reader = AccountLines(BANK)
        reader(movement())
        with pytest.raises(InvalidValue, match=r"^CT2_DC is 4"):
            reader(self.text("DE OUTRO", CT2_DOC="000099"))
        assert list(reader.end()) == lines(movement(), BANK)

    @pytest.mark.parametrize("column", ["CT2_SEQLAN", "CT2_EMPORI", "CT2_FILORI"])
    def test_a_text_of_another_sequence_is_refused(self, column: str) -> None:
        first = movement(**{column: "01"})
        for sequence in ("01", " ", None):
            (line,) = self.read(first, self.text("MAIS", **{column: sequence}))
            assert line.description == "RECEBIMENTO NF 42 MAIS"
        reader = AccountLines(BANK)
        reader(first)
        with pytest.raises(InvalidValue, match=r"^CT2_DC is 4"):
            reader(self.text("DE OUTRA", **{column: "02"}))

    def test_the_line_it_continues_cannot_be_read(self) -> None:
        reader = AccountLines(BANK)
        assert list(reader(movement())) == []
        with pytest.raises(InvalidValue, match=r"^CT2_VALOR "):
            reader(movement(CT2_LINHA="002", CT2_VALOR="?"))
        with pytest.raises(InvalidValue, match=r"^CT2_DC is 4"):
            reader(self.text("DO LANÇAMENTO ILEGÍVEL"))
        assert list(reader.end()) == lines(movement(), BANK)


def test_a_line_that_comes_again_in_every_column_counts_once() -> None:
    """One that is unlike it in any column is a line of its own; so is that of another key."""
    reader = AccountLines(BANK)
    other = movement(CT2_HIST="OUTRO")
    rows = [movement(), other, movement(CT2_LINHA="002"), movement(), other, movement()]
    assert [line for row in rows for line in reader(row)] == [
        line for row in rows[:3] for line in lines(row, BANK)
    ]
    assert list(reader.end()) == []
    told = list(reader.told())
    assert [one.code for one in told] == ["DUPLICATE_ENTRY"] * 3
    assert {one.entry_id for one in told} == {"01-20240131-008810-001-000042-001"}
    assert told[0].raw["CT2_VALOR"] == "1234.56"
    assert "CT2_DTLP" not in told[0].raw


def test_a_line_is_remembered_for_as_long_as_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping, "REMEMBERED", 3)
    reader = AccountLines(BANK)
    for number in (1, 2, 3, 4, 1, 5, 6, 1):
        reader(movement(CT2_LINHA=f"{number:03}"))
    assert [(one.entry_id or "")[-3:] for one in reader.told()] == ["001"]


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
    assert [one.posting_kind for one in lines(movement(CT2_DTLP=closing), BANK)] == [kind]


def test_a_closing_date_that_is_none() -> None:
    with pytest.raises(InvalidValue, match=r"^CT2_DTLP "):
        lines(movement(CT2_DTLP="20231331"), BANK)
