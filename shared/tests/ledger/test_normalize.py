"""Text, dates, codes, types, sides and flags as ERPs send them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger.models import AccountType, Side
from erp_common.ledger.normalize import (
    InvalidValue,
    account_code,
    account_type,
    flag,
    optional_account_code,
    optional_date,
    parse_date,
    required_side,
    required_text,
    side,
    text,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        (" \u00a0\t", None),
        ("\0\0", None),
        ("  Caixa  ", "Caixa"),
        ("\u00a0Caixa\u00a0", "Caixa"),
        ("\ufeffCaixa", "Caixa"),
        ("Nota\x00 fiscal\x1f", "Nota fiscal"),
        ("duas\nlinhas", "duas\nlinhas"),
        ("a\ud800b", "ab"),
        ("São João 🙂", "São João 🙂"),
        (5298679806, "5298679806"),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+5"), "100000"),
    ],
)
def test_text(value: object, expected: str | None) -> None:
    assert text(value) == expected


@pytest.mark.parametrize("value", [True, [], {}, 1.5, 10**400, Decimal("1e999999"), Decimal("NaN")])
def test_what_is_no_text(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"^cDescConta is "):
        text(value, "cDescConta")


@given(st.text())
def test_text_can_be_stored_and_is_stable(written: str) -> None:
    result = text(written)
    if result is not None:
        assert result
        assert "\0" not in result
        result.encode()
        assert text(result) == result


def test_required_text() -> None:
    assert required_text(" x ", "id") == "x"
    with pytest.raises(InvalidValue, match="id is missing") as caught:
        required_text("  ", "id")
    assert caught.value.field == "id"


@given(st.dates())
def test_every_form_of_a_date(day: date) -> None:
    iso = day.isoformat()
    assert parse_date(iso) == day
    assert parse_date(f" {iso}\u00a0") == day
    assert parse_date(f"{day.day:02}/{day.month:02}/{day.year:04}") == day
    assert parse_date(iso.replace("-", "")) == day
    assert parse_date(int(iso.replace("-", ""))) == day if day.year >= 1000 else True
    assert parse_date(f"{iso}T10:30:00") == day
    assert parse_date(f"{iso} 23:59:59.999") == day
    assert parse_date(f"{iso}T10:30:00-03:00") == day
    assert parse_date(day) == day
    assert parse_date(datetime(day.year, day.month, day.day, 23, 59)) == day  # noqa: DTZ001 - local


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-02-01T02:30:00Z", date(2024, 1, 31)),
        ("2024-02-01T02:30:00+00:00", date(2024, 1, 31)),
        ("2024-02-01T02:30:00.000Z", date(2024, 1, 31)),
        ("2024-01-31T23:30:00-0300", date(2024, 1, 31)),
        ("2024-01-31T23:30:00-05", date(2024, 2, 1)),
        ("2024-12-31T00:00:00Z", date(2024, 12, 31)),
        ("2024-12-31T00:00:00.000Z", date(2024, 12, 31)),
        ("0001-01-01T01:00:00Z", date(1, 1, 1)),
    ],
)
def test_an_instant_has_the_date_of_sao_paulo(written: str, expected: date) -> None:
    assert parse_date(written) == expected


def test_datetimes_follow_the_same_rule() -> None:
    utc = timezone.utc
    assert parse_date(datetime(2024, 2, 1, 2, 30, tzinfo=utc)) == date(2024, 1, 31)
    assert parse_date(datetime(2024, 2, 1, tzinfo=utc)) == date(2024, 2, 1)
    assert parse_date(datetime(2024, 2, 1, 9, tzinfo=timezone(timedelta(hours=9)))) == date(
        2024, 1, 31
    )


@pytest.mark.parametrize(
    "value",
    [
        "2024-02-30",
        "2023-02-29",
        "2024-13-01",
        "2024-00-10",
        "0000-01-01",
        "31/02/2024",
        "12/31/2024",
        "20241301",
        "2024123",
        "202412311",
        "2024-1-1",
        "1/1/2024",
        "31/12/24",
        "2024/12/31",
        "2024-12-31T25:00:00",
        "2024-12-31T10:30:00+99:00",
        "2024-12-31x",
        "hoje",
        "\u0662\u0660\u0662\u0664-12-31",
        Decimal("1.5"),
        True,
        1.5,
        [],
        "9" * 5000,
    ],
)
def test_impossible_dates_are_errors(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"^dDtMov is ") as caught:
        parse_date(value, "dDtMov")
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("nothing", [None, "", "   "])
def test_a_missing_date(nothing: object) -> None:
    with pytest.raises(InvalidValue, match="dDtMov is missing"):
        parse_date(nothing, "dDtMov")


@pytest.mark.parametrize(
    "nothing",
    [
        None,
        "",
        "  ",
        "00000000",
        "0000-00-00",
        "00/00/0000",
        "  /  /  ",
        "        ",
        "0000-00-00 00:00:00",
        "0000-00-00T00:00:00",
        "0000-00-00 00:00",
        "00/00/0000 00:00:00",
    ],
)
def test_no_optional_date(nothing: object) -> None:
    assert optional_date(nothing) is None


def test_an_optional_date_must_still_be_one() -> None:
    assert optional_date("20240131") == date(2024, 1, 31)
    with pytest.raises(InvalidValue):
        optional_date("20240231")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" 1.1.01 ", "1.1.01"),
        ("1101\0\0", "1101"),
        ("CC.12/3-4_a", "CC.12/3-4_a"),
        ("Conta-Ç", "Conta-Ç"),
        (" 1. 1.5.1 ", "1. 1.5.1"),
        (11101, "11101"),
        (Decimal("1.10"), "1.10"),
    ],
)
def test_account_codes(value: object, expected: str) -> None:
    assert account_code(value) == optional_account_code(value) == expected


@pytest.mark.parametrize(
    "value", ["1  1", "1\t1", "1'", "1;--", "1\x001", "...", "-", "1,1", "1*", "<1>", True]
)
def test_what_is_no_account_code(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"^CT1_CONTA is "):
        account_code(value, "CT1_CONTA")
    with pytest.raises(InvalidValue):
        optional_account_code(value, "CT1_CONTA")


@pytest.mark.parametrize("nothing", [None, "", "  ", "\0"])
def test_a_missing_account_code(nothing: object) -> None:
    with pytest.raises(InvalidValue, match="CT1_CONTA is missing"):
        account_code(nothing, "CT1_CONTA")
    assert optional_account_code(nothing) is None


TYPE_WORDS = {
    AccountType.ASSET: [
        "Ativo",
        "ativos",
        "ASSET",
        "Assets",
        "Ativo Não-Circulante",
        "Current assets",
    ],
    AccountType.LIABILITY: [
        "Passivo",
        "PASSIVOS",
        "liability",
        "Liabilities",
        "Passivo circulante",
    ],
    AccountType.EQUITY: [
        *("Patrimônio Líquido", "PATRIMONIO LIQUIDO", "patrimônio líquido", "Patrimônios Líquidos"),
        *("PL", "pl", "P.L.", "Equity", "equities", "Shareholders' equity", "Owner's equity"),
    ],
    AccountType.REVENUE: ["Receita", "RECEITAS", "Revenue", "revenues", "Income", "incomes"],
    AccountType.EXPENSE: [
        *("Despesa", "despesas", "Custo", "CUSTOS", "Expense", "expenses", "Cost", "costs"),
        *("Custos e despesas", "Despesas operacionais"),
    ],
}


@pytest.mark.parametrize(
    ("word", "expected"), [(word, kind) for kind, words in TYPE_WORDS.items() for word in words]
)
def test_account_types(word: str, expected: AccountType) -> None:
    assert account_type(f" {word}\u00a0") is expected


@pytest.mark.parametrize(
    "word", [None, "", "Resultado", "A", "1", "Receita Federal", "Income tax", "Cost center", 3]
)
def test_what_names_no_account_type(word: object) -> None:
    assert account_type(word) is None


@pytest.mark.parametrize("word", ["D", "d", "1", 1, "Débito", "devedora", "Debit", " DEVEDOR "])
def test_debit_side(word: object) -> None:
    assert side(word) is required_side(word, "tipo") is Side.DEBIT


@pytest.mark.parametrize("word", ["C", "2", 2, "CRÉDITO", "Credora", "credit"])
def test_credit_side(word: object) -> None:
    assert side(word) is required_side(word, "tipo") is Side.CREDIT


@pytest.mark.parametrize("word", [None, "", "X", "3", "0"])
def test_no_side(word: object) -> None:
    assert side(word) is None
    with pytest.raises(InvalidValue, match=r"tipo is .* D \(debit\)"):
        required_side(word, "tipo")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((word, True) for word in ("S", "sim", "Y", "yes", "true", "T", "1", 1, True)),
        *((word, False) for word in ("N", "NÃO", "nao", "no", "False", "0", 0, False)),
        *((word, None) for word in (None, "", "  ")),
    ],
)
def test_flags(value: object, expected: bool | None) -> None:  # noqa: FBT001 - a table's column
    assert flag(value) is expected


@pytest.mark.parametrize("value", ["A", "X", "2", 2, "talvez", []])
def test_a_flag_that_says_something_else_is_told(value: object) -> None:
    with pytest.raises(InvalidValue, match="cSintetica"):
        flag(value, "cSintetica")
