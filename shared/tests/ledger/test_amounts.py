"""Amounts: every accepted form means exactly what it says, everything else is refused."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_common.ledger.normalize import InvalidValue, amount, cents, optional_amount

wholes = st.integers(0, 10**15)
# Three decimals are left out where one separator alone would be ambiguous.
clear_fractions = st.one_of(
    st.text("0123456789", min_size=1, max_size=2), st.text("0123456789", min_size=4, max_size=8)
)
fractions = st.text("0123456789", min_size=1, max_size=8)


def grouped(whole: int, separator: str) -> str:
    return f"{whole:,}".replace(",", separator)


@given(wholes, clear_fractions)
def test_english_and_brazilian_numbers_without_groups(whole: int, fraction: str) -> None:
    expected = Decimal(f"{whole}.{fraction}")
    assert str(amount(f"{whole}.{fraction}")) == str(expected)
    assert str(amount(f"{whole},{fraction}")) == str(expected)


@given(wholes.filter(lambda whole: whole >= 1000), fractions)
def test_grouped_numbers(whole: int, fraction: str) -> None:
    expected = str(Decimal(f"{whole}.{fraction}"))
    assert str(amount(f"{grouped(whole, '.')},{fraction}")) == expected
    assert str(amount(f"{grouped(whole, ',')}.{fraction}")) == expected


@given(st.integers(10**6, 10**15), st.sampled_from(".,"))
def test_several_groups_are_no_decimals(whole: int, separator: str) -> None:
    assert amount(grouped(whole, separator)) == whole


@given(
    st.integers(1, 10**9),
    st.sampled_from(
        [
            ("-{}", -1),
            ("- {}", -1),
            ("{}-", -1),
            ("{} -", -1),
            ("\u2212{}", -1),
            ("({})", -1),
            ("( {} )", -1),
            ("{}C", -1),
            ("{} c", -1),
            ("{} D", 1),
            ("{}d", 1),
            ("+{}", 1),
            ("R$ {}", 1),
            ("R${}", 1),
            ("r$\u00a0{}", 1),
            ("-R$ {}", -1),
            ("R$ -{}", -1),
            ("R$ {}-", -1),
            ("(R$ {})", -1),
            ("R$ ({})", -1),
            ("{} R$", 1),
            ("R$ {} C", -1),
            ("\u00a0 {}\t\r\n", 1),
        ]
    ),
)
def test_signs_currency_and_blanks(cents: int, form: tuple[str, int]) -> None:
    written, sign = form
    brazilian = f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02}"
    assert amount(written.format(brazilian)) == sign * Decimal(cents) / 100


@given(st.integers(1, 10**9), st.text("0123456789", min_size=3, max_size=3), st.sampled_from(".,"))
@pytest.mark.parametrize("form", ["{}", "-{}", "({})", "{} C", "{}D", "R$ {}"])
def test_one_separator_and_three_digits_are_refused(
    form: str, whole: int, digits: str, separator: str
) -> None:
    with pytest.raises(InvalidValue, match=f"{whole}.{digits} or {whole}{digits}"):
        amount(form.format(f"{whole}{separator}{digits}"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0.125", "0.125"),
        ("0,125", "0.125"),
        ("-0,125", "-0.125"),
        ("0.000", "0.000"),
        ("1.234,567", "1234.567"),
        ("1,234.567", "1234.567"),
        ("1 234,56", "1234.56"),
        ("1\u00a0234\u00a0567", "1234567"),
        ("007", "7"),
        (",50", "0.50"),
        ("-.5", "-0.5"),
        ("1.10", "1.10"),
        ("1200", "1200"),
        ("-0.00", "0.00"),
        ("(0,00)", "0.00"),
        ("0,00 C", "0.00"),
        ("12345678901234567.89", "12345678901234567.89"),
        ("0.00000000000000000001", "1E-20"),
    ],
)
def test_by_example(written: str, expected: str) -> None:
    assert str(amount(written)) == expected


@pytest.mark.parametrize(
    "written",
    [
        "abc",
        "R$",
        "-",
        ".",
        "1.",
        "1.234,",
        "1.2.3",
        "1.23,45",
        "12.34.567",
        "1,234,56",
        "1.234,56.78",
        "1,2.345,67",
        "12 34",
        "1 2345",
        "--5",
        "-5-",
        "-(5)",
        "(5",
        "5)",
        "-5 C",
        "5 C D",
        "C 5",
        "5 X",
        "1e5",
        "1E999999",
        "NaN",
        "nan",
        "inf",
        "Infinity",
        "-Infinity",
        "0x10",
        "1_000",
        "\u0661\u0662",
        "US$ 5",
        "5%",
        "1" * 22,
        "9" * 5000,
        "1." + "0" * 100,
    ],
)
def test_anything_else_is_refused(written: str) -> None:
    with pytest.raises(InvalidValue, match=r"^nDebito is "):
        amount(written, "nDebito")


@given(st.decimals(-(10**18), 10**18, allow_nan=False, allow_infinity=False, places=6))
def test_json_numbers_keep_value_and_scale(number: Decimal) -> None:
    assert str(amount(number)) == str(number or number.copy_abs())


@pytest.mark.parametrize("digits", ["1.234", "12.500", "1.10", "5.684341886080802E-14", "1E+5"])
def test_json_numbers_are_never_ambiguous(digits: str) -> None:
    assert str(amount(Decimal(digits))) == digits


@given(st.integers(-(10**20), 10**20))
def test_whole_json_numbers(number: int) -> None:
    assert amount(number) == number


@pytest.mark.parametrize(
    "value",
    [
        *map(Decimal, ["NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "1e21", "1e-999999"]),
        Decimal("1." + "1" * 60),
        10**21,
        -(10**21),
        pytest.param(10**5000, id="5000 digits"),
        True,
        False,
        1.5,
        [],
        {},
        b"1",
    ],
)
def test_what_is_no_amount(value: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        amount(value, "CTI_DEBITO")
    assert len(str(caught.value)) < 150
    with pytest.raises(InvalidValue):
        optional_amount(value)


@pytest.mark.parametrize("nothing", [None, "", "  ", "\u00a0"])
def test_a_missing_amount_is_not_zero(nothing: object) -> None:
    with pytest.raises(InvalidValue, match="CTI_DEBITO is missing"):
        amount(nothing, "CTI_DEBITO")
    assert optional_amount(nothing) is None


@given(st.text("0123456789.,-()DCR$ \u00a0eE+", max_size=16))
def test_no_text_is_read_as_another_number(written: str) -> None:
    """Whatever is accepted has the digits that are written, in their order."""
    try:
        value = amount(written)
    except InvalidValue:
        return
    digits = "".join(c for c in written if c.isdigit())
    assert f"{value.copy_abs():f}".replace(".", "").lstrip("0") == digits.lstrip("0")
    assert (value < 0) == (any(c in "-(C" for c in written) and value != 0)


@given(st.decimals(-(10**20), 10**20, places=2), st.floats(-1e-4, 1e-4))
def test_what_a_binary_float_adds_is_wiped_off(exact: Decimal, dust: float) -> None:
    """Whatever the caller's own precision is."""
    with localcontext() as context:
        context.prec = 60
        dusty = exact + Decimal(f"{dust:.12f}")
        context.prec = 5
        assert cents(dusty) == exact
        assert cents(Decimal("10.125")) == Decimal("10.125")
