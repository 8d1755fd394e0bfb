"""Account types: settings, what the ERP states, headings from the root down, the first digit."""

from __future__ import annotations

import pytest

from erp_common.ledger.hierarchy import build
from erp_common.ledger.models import AccountType, Side, StatedAccount, StatedType
from erp_common.ledger.rules import Rules

from .books import account, codes

A, L, Q, R, E = AccountType


def types(rows: list[StatedAccount], **rules: AccountType) -> dict[str, AccountType | None]:
    chart = build(rows, Rules(account_type_prefixes=rules))
    return {found.code: found.account_type for found in chart.accounts}


def named(**names: str) -> list[StatedAccount]:
    return [account(code[1:].replace("_", "."), name=name) for code, name in names.items()]


def findings(rows: list[StatedAccount]) -> list[tuple[str, str | None]]:
    return [(f.code, f.account_code) for f in build(rows, Rules()).findings]


def test_the_root_decides_against_every_name_below_it() -> None:
    chart = named(
        _1="ATIVO",
        _1_1="Despesas antecipadas",
        _1_1_1="Receita a faturar",
        _2="PASSIVO",
        _2_1="Receita Federal",
        _2_1_1="Custo de captação",
        _3="CUSTOS E DESPESAS",
        _3_1="Receitas glosadas",
        _6="RECEITAS",
        _6_1="(-) Despesas com devolução",
    )
    assert list(types(chart).values()) == [A, A, A, L, L, L, E, E, R, R]
    assert findings(chart) == []


def test_equity_wherever_patrimonio_liquido_stands_below_the_root() -> None:
    chart = named(
        _2="Passivo e Patrimônio Líquido",
        _2_1="Circulante",
        _2_3="PATRIMÔNIO LÍQUIDO",
        _2_3_1="Capital social",
        _2_4="Patrim. Liquido da Filial",
        _2_4_1="Receita diferida",
    )
    assert types(chart) == {"2": L, "2.1": L, "2.3": Q, "2.3.1": Q, "2.4": Q, "2.4.1": Q}


def test_a_silent_root_leaves_it_to_the_next_heading() -> None:
    chart = named(
        _3="RESULTADO",
        _3_1="Receitas",
        _3_1_1="Vendas",
        _3_2="Custos",
        _3_2_1="CMV",
        _3_9="Despesa avulsa",
    )
    assert findings(chart) == []
    assert types(chart) == {"3": None, "3.1": R, "3.1.1": R, "3.2": E, "3.2.1": E, "3.9": E}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("ATIVO", A), ("1 - Ativo", A), ("Total do Ativo", A), ("Assets", A), ("Ativos", A)),
        *(("Contas de Passivo", L), ("LIABILITIES", L), ("Passivo a descoberto", L)),
        *(("Patrimonio Liquido", Q), ("PL", Q), ("Equity", Q), ("Shareholders' equity", Q)),
        *(("Receita Bruta", R), ("Revenue", R), ("Income", R), ("(-) Receitas", R)),
        *(("Custos", E), ("CUSTO DAS VENDAS", E), ("Despesas", E), ("Expenses", E), ("Costs", E)),
        *(("Ativação", None), ("Reativos", None), ("Custódia", None), ("Resultado", None)),
        *(("Custos e Despesas", E), ("Passivo + Patrimônio Líquido", L), ("Receita de Custos", R)),
        *(("Receitas e Despesas", None), ("RECEITAS/CUSTOS", None), ("Ativo e Passivo", None)),
        *(("Plano", None), ("Income tax", None), ("Rateio de Receita", None), ("", None)),
    ],
)
def test_what_a_root_may_be_called(name: str, expected: AccountType | None) -> None:
    chart = build([account("X", name=name), account("X.1")], Rules())
    assert [a.account_type for a in chart.accounts] == [expected, expected]
    assert codes(chart.findings) == ([] if expected else ["UNKNOWN_ACCOUNT_TYPE"])


@pytest.mark.parametrize(
    "name",
    [
        "Contas de Compensação",
        "COMPENSACAO",
        "Compensado",
        "Ativo Compensado",
        "8 - Passivo compensado",
    ],
)
def test_off_balance_accounts_have_no_type_and_no_finding(name: str) -> None:
    chart = [*named(_5=name, _5_1="Ativo Compensado", _5_2="Patrimônio Líquido em garantia")]
    assert types(chart) == {"5": None, "5.1": None, "5.2": None}
    assert findings(chart) == []


def test_what_the_erp_states_wins_over_names_and_digits() -> None:
    chart = [
        account("1", name="ATIVO", type=L),
        account("1.1", name="Despesas", stated_type=StatedType(off_balance=True)),
        account("1.2", stated_type=StatedType()),
    ]
    assert types(chart) == {"1": L, "1.1": None, "1.2": A}
    assert findings(chart) == []


@pytest.mark.parametrize(
    ("name", "side", "expected"),
    [
        ("Receitas", Side.DEBIT, R),
        ("Custos", Side.CREDIT, E),
        ("Resultado", Side.CREDIT, R),
        ("Resultado", Side.DEBIT, E),
        ("Resultado", None, E),
        ("ATIVO", Side.CREDIT, R),
    ],
)
def test_a_result_account_follows_names_then_the_side(
    name: str, side: Side | None, expected: AccountType
) -> None:
    chart = [
        account("3", name=name, stated_type=StatedType(result=True), normal_balance=side),
        account("3.1", stated_type=StatedType(result=True), normal_balance=side),
    ]
    assert types(chart) == {"3": expected, "3.1": expected}
    assert findings(chart) == []


def test_prefixes_overrule_everything_and_the_longest_wins() -> None:
    chart = [
        account("2", name="PASSIVO", type=L),
        account("2.3", name="Outros", type=L),
        account("2.3.01", stated_type=StatedType(off_balance=True)),
        account("2301"),
        account("24", name="Receitas"),
    ]
    found = types(chart, **{"2": E, "2.3": Q, "2-3.0/1": R})
    assert found == {"2": E, "2.3": Q, "2.3.01": R, "2301": R, "24": E}


def test_a_prefix_compares_letters_and_digits_in_any_case() -> None:
    assert types([account("RC.1"), account("R.C1.2")], **{"rc-1": R}) == {"RC.1": R, "R.C1.2": R}


def test_the_first_digit_comes_last_and_a_guess_is_told_of_the_highest_account() -> None:
    chart = named(
        _1="Bens", _1_1="Caixa", _2="Dívidas", _3="Vendas", _3_1="Loja", _4="Gastos", _5="Perdas"
    )
    assert types(chart) == {"1": A, "1.1": A, "2": L, "3": R, "3.1": R, "4": E, "5": E}
    assert findings(chart) == [("ASSUMED_ACCOUNT_TYPE", "3"), ("ASSUMED_ACCOUNT_TYPE", "5")]


def test_no_sign_at_all_is_told_of_each_highest_account() -> None:
    chart = named(_7="Sete", _7_1="Setenta e um", _0="Zero", _X="Xis")
    assert set(types(chart).values()) == {None}
    assert findings(chart) == [("UNKNOWN_ACCOUNT_TYPE", code) for code in ("7", "0", "X")]


def test_in_a_flat_chart_an_own_name_decides_only_off_the_balance_sheet() -> None:
    chart = named(
        _1_1_05="Despesas antecipadas",
        _2_1_07="Receita Federal",
        _2_3_01="Patrimônio Líquido",
        _3_1_01="Custo das mercadorias",
        _6_1_01="Receita de vendas",
    )
    assert list(types(chart).values()) == [A, L, Q, E, R]
    assert findings(chart) == []


def test_guesses_under_one_root_are_told_one_by_one() -> None:
    chart = [account("X"), account("3", parent_code="X"), account("4", parent_code="X")]
    found = build(chart, Rules()).findings
    assert [(f.code, f.account_code) for f in found] == [
        ("ASSUMED_ACCOUNT_TYPE", "3"),
        ("ASSUMED_ACCOUNT_TYPE", "4"),
    ]
    assert [f.message.count("REVENUE") for f in found] == [2, 0]
