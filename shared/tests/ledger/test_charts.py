"""The rules on charts as companies keep them: each with its smallest example, and what it leaves.

Charts are written one account a line: code, name, then what the ERP states of it, if anything:
`S` or `A` for the class, `D` or `C` for the side, `<code` for the parent.
"""

from __future__ import annotations

import json
import re

import pytest

from erp_common.ledger.hierarchy import Chart, build
from erp_common.ledger.models import AccountType, Side, StatedAccount, StatedType
from erp_common.ledger.rules import Rules

from .books import account

A, L, Q, R, E = AccountType


def read(text: str, **stated: StatedType) -> list[StatedAccount]:
    """The accounts of a chart; `stated` gives what the ERP says of types, code by code."""
    rows = []
    for line in text.strip().splitlines():
        words, *said = re.split(r" {2,}", line.strip())
        code, _, name = words.partition(" ") if not words.startswith('"') else _quoted(words)
        row = account(code, name=name)
        for word in " ".join(said).split():
            if word in ("S", "A"):
                row.is_summary = word == "S"
            elif word in ("D", "C"):
                row.normal_balance = Side.DEBIT if word == "D" else Side.CREDIT
            else:
                row.parent_code = word.removeprefix("<")
        row.stated_type = stated.get(code)
        rows.append(row)
    return rows


def _quoted(words: str) -> tuple[str, str, str]:
    _, code, name = words.split('"')
    return code, "", name.strip()


def parents(text: str) -> dict[str, str | None]:
    return {a.code: a.parent_code for a in build(read(text), Rules()).accounts}


def types(text: str, **stated: StatedType) -> dict[str, AccountType | None]:
    return {a.code: a.account_type for a in build(read(text, **stated), Rules()).accounts}


def findings(chart: Chart) -> list[tuple[str, str | None]]:
    return [(f.code, f.account_code) for f in chart.findings]


# Parents


def test_codes_filled_up_with_zeros_nest_by_their_last_segment_that_is_not_zero() -> None:
    assert parents("""
        1.0.00 ATIVO
        1.1.00 CIRCULANTE
        1.1.01 Caixa
        1.2.01 Terrenos
        2.0.00 PASSIVO
    """) == {"1.0.00": None, "1.1.00": "1.0.00", "1.1.01": "1.1.00", "1.2.01": "1.0.00",
             "2.0.00": None}  # fmt: skip


def test_a_check_digit_is_no_segment() -> None:
    assert parents("""
        1.0.00-7 ATIVO
        1.1.00-4 CIRCULANTE
        1.1.01-9 Caixa
        4.0.00-8 PASSIVO
    """) == {"1.0.00-7": None, "1.1.00-4": "1.0.00-7", "1.1.01-9": "1.1.00-4", "4.0.00-8": None}


def test_a_last_segment_that_tells_accounts_apart_is_no_check_digit() -> None:
    assert parents("""
        1.01-0 Caixa
        1.01-1 Caixa filial
        1.02-0 Bancos
        1.02-1 Banco filial
    """) == {"1.01-0": None, "1.01-1": "1.01-0", "1.02-0": None, "1.02-1": "1.02-0"}


def test_without_separators_zeros_nest_only_below_an_account_flagged_summary() -> None:
    flagged = """
        10000 ATIVO  S
        11000 CIRCULANTE  S
        11100 Banco 100  A
        11101 Caixa  A
        11110 Banco 110  A
    """
    assert parents(flagged) == {
        "10000": None, "11000": "10000", "11100": "11000", "11101": "11000", "11110": "11000",
    }  # fmt: skip
    assert set(parents(re.sub(r" +[AS]\n", "\n", flagged)).values()) == {None}


def test_uneven_codes_do_not_nest_by_zeros() -> None:
    assert parents("""
        1.0 Caixa
        1.1 Banco
        1.1.01 Banco A
    """) == {"1.0": None, "1.1": None, "1.1.01": "1.1"}


def test_where_parents_named_are_no_prefixes_none_named_is_a_root() -> None:
    chart = """
        1 ATIVO
        2 Caixa  <1
        10 PATRIMÔNIO LÍQUIDO
        11 Capital  <10
        20 RECEITAS
        21 Vendas  <20
    """
    assert parents(chart) == {"1": None, "2": "1", "10": None, "11": "10", "20": None, "21": "20"}
    assert list(types(chart).values()) == [A, A, Q, Q, R, R]
    assert findings(build(read(chart), Rules())) == []


def test_where_parents_named_are_prefixes_none_named_goes_by_the_code() -> None:
    assert parents("""
        1 ATIVO
        11 CIRCULANTE  <1
        111 Caixa  <11
        112 Banco
    """) == {"1": None, "11": "1", "111": "11", "112": "11"}


def test_one_odd_parent_does_not_make_numbers_of_a_chart_of_codes() -> None:
    found = parents("""
        1 ATIVO
        1.1 Caixa
        1.2 Banco
        2 PASSIVO
        2.1 Cartão  <1
    """)
    assert found == {"1": None, "1.1": "1", "1.2": "1", "2": None, "2.1": "1"}


def test_nothing_hangs_below_an_account_stated_as_analytic() -> None:
    assert parents("""
        4 DESPESAS  S
        411 Aluguel  A
        4110 Assinaturas  A
    """) == {"4": None, "411": "4", "4110": "4"}


def test_an_account_whose_own_class_is_not_stated_may_hang_below_any() -> None:
    assert parents("""
        4 DESPESAS
        411 Aluguel
        4110 Assinaturas
    """) == {"4": None, "411": "4", "4110": "411"}


def test_flags_the_wrong_way_round_do_not_keep_accounts_apart() -> None:
    chart = build(read("""
        1 ATIVO  A
        11 CIRCULANTE  A
        111 Caixa  S
        112 Banco  S
    """), Rules())  # fmt: skip
    assert [a.parent_code for a in chart.accounts] == [None, "1", "11", "11"]
    assert [a.is_summary for a in chart.accounts] == [True, True, False, False]
    assert findings(chart) == [("ACCOUNT_CLASS_INVERTED", None)]


@pytest.mark.parametrize("top", ["0 PLANO DE CONTAS", "0 Nosso plano  S", "_0 Plano de Contas"])
def test_a_root_above_the_roots(top: str) -> None:
    found = parents(f"""
        {top}
        1 ATIVO
        1.1 Caixa
        2 PASSIVO
    """)
    zero = top.split(maxsplit=1)[0]
    assert found == {zero: None, "1": zero, "1.1": "1", "2": zero}


@pytest.mark.parametrize("top", ["0 Caixa", "0 Caixa  A", "0 PLANO DE CONTAS  A", "0 ATIVO"])
def test_an_account_zero_that_is_no_root_above_the_roots(top: str) -> None:
    assert set(parents(f"{top}\n1 ATIVO\n2 PASSIVO").values()) == {None}


def test_a_blank_inside_a_code_is_part_of_the_key() -> None:
    text = """
        1. Ativo
        1.1. Circulante
        1.1.5 Despesas antecipadas
        "1. 1.5.1" Prêmios de seguros
    """
    assert parents(text) == {"1.": None, "1.1.": "1.", "1.1.5": "1.1.", "1. 1.5.1": "1."}
    chart = build(read(text), Rules(account_type_prefixes={"1.1.5": E}))
    assert [a.account_type for a in chart.accounts] == [A, A, E, E]


def test_blanks_may_set_the_parts_of_a_code_off() -> None:
    assert parents("""
        "1" ATIVO
        "1 1" CIRCULANTE
        "1 10" Outros
        "1 1 01" Caixa
    """) == {"1": None, "1 1": "1", "1 10": "1", "1 1 01": "1 1"}


# No hierarchy at all


def summing_up(text: str) -> list[StatedAccount]:
    rows = read(text)
    for row in rows:
        row.debit = row.closing = row.closing + 5 if not row.code.startswith("2") else row.closing
        row.credit = row.closing * 0 + (5 if row.code.startswith("2") else 0)
        row.closing = row.debit - row.credit
    return rows


ZERO_FILLED = "1000 ATIVO\n1100 CIRCULANTE\n1101 Caixa\n2000 PASSIVO\n2100 CIRCULANTE\n2101 Cartão"


def test_zero_filled_codes_without_flags_are_told_of_as_no_hierarchy() -> None:
    chart = build(summing_up(ZERO_FILLED), Rules())
    assert findings(chart) == [("NO_HIERARCHY", None)]
    assert "each counts as an analytic account" in chart.findings[0].message.casefold()


def test_headings_alone_tell_it_where_a_chart_has_no_amounts() -> None:
    assert findings(build(read(ZERO_FILLED), Rules())) == [("NO_HIERARCHY", None)]


def test_flags_without_parents_are_told_of_once_and_not_account_by_account() -> None:
    rows = summing_up("A ATIVO  S\nB CIRCULANTE  S\nC Caixa  A\n2 PASSIVO  S\nD Cartão  A")
    assert [f for f in findings(build(rows, Rules())) if "TYPE" not in f[0]] == [
        ("NO_HIERARCHY", None)
    ]


@pytest.mark.parametrize(
    "flat", ["1101 Caixa\n1102 Banco\n2101 Cartão", "101 Ativo\n201 Passivo\n301 Receitas"]
)
def test_a_flat_list_of_analytic_accounts_is_no_lack_of_hierarchy(flat: str) -> None:
    assert ("NO_HIERARCHY", None) not in findings(build(summing_up(flat), Rules()))


# Types


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("OUTRAS DESPESAS OPERACIONAIS", E), ("DEMAIS RECEITAS", R), ("Diversas Despesas", E)),
        *(("CONTAS DE RESULTADO - CUSTOS E DESPESAS", E), ("CONTAS DE RESULTADO - RECEITAS", R)),
        *(("I - ATIVO", A), ("II - PASSIVO", L), ("A T I V O", A), ("P A S S I V O", L)),
        *(
            ("(\N{MINUS SIGN}) CUSTOS", E),
            ("VPD", E),
            ("VPA", R),
            ("Ingressos", R),
            ("Dispêndios", E),
        ),
        *(("Variações Patrimoniais Diminutivas", E), ("VARIAÇÃO PATRIMONIAL AUMENTATIVA", R)),
        *(("GASTOS GERAIS", E), ("CMV", E), ("RESULTADO CREDOR", R), ("RESULTADO DEVEDOR", E)),
        *(("PATRIMÔNIO SOCIAL", Q), ("Fundo Social", Q), ("FUNDO PATRIMONIAL", Q)),
        *(("RECEITAS (Variações Patrimoniais Aumentativas)", R), ("Outros", None)),
        *(("RECEITAS, CUSTOS E DESPESAS", None), ("OUTRAS RECEITAS E OUTRAS DESPESAS", None)),
        *(("PASSIVOS FINANCEIROS - CUSTO AMORTIZADO", L),),
        *(("Receitas Financeiras e Despesas Financeiras", None), ("Fundo fixo", None)),
    ],
)
def test_what_headings_say(name: str, expected: AccountType | None) -> None:
    assert types(f"X {name}\nX.1 Conta") == {"X": expected, "X.1": expected}


@pytest.mark.parametrize(
    "name",
    [
        *("CONTAS DE COMPENSAÇÃO", "Compensação Ativa", "CONTAS DE COMPENSAÇÃO PASSIVO"),
        *("Compensação do Ativo", "Passivo Compensado", "9 - Contas de Compensação Ativas"),
        *("CONTROLES DEVEDORES", "Controles da Execução do Planejamento e Orçamento"),
    ],
)
def test_compensacao_below_ativo_is_off_the_balance_sheet(name: str) -> None:
    chart = build(read(f"1 ATIVO\n1.9 {name}\n1.9.01 Bens em poder de terceiros"), Rules())
    assert [a.account_type for a in chart.accounts] == [A, None, None]
    assert findings(chart) == []


@pytest.mark.parametrize(
    "name", ["COMPENSAÇÃO FINANCEIRA ENTRE REGIMES", "Compensações a efetuar", "Controles internos"]
)
def test_a_name_that_merely_begins_so_is_no_such_heading(name: str) -> None:
    assert types(f"3 DESPESAS\n3.9 {name}\n3.9.01 Conta") == {"3": E, "3.9": E, "3.9.01": E}


def test_equity_of_entities_without_profit() -> None:
    assert types("2 PASSIVO\n2.3 PATRIMÔNIO SOCIAL\n2.3.01 Superávit\n2.4 Outros") == {
        "2": L, "2.3": Q, "2.3.01": Q, "2.4": L,
    }  # fmt: skip
    assert types("1 ATIVO\n1.2 Fundo Social\n1.2.01 Aplicação") == {"1": A, "1.2": A, "1.2.01": A}


def test_a_stated_passivo_below_a_heading_of_equity_is_equity() -> None:
    passivo = StatedType(type=L)
    stated = {"2": passivo, "2.1": passivo, "2.3": passivo, "2.3.01": passivo}
    chart = "2 PASSIVO\n2.1 Fornecedores\n2.3 PATRIMÔNIO LÍQUIDO\n2.3.01 Capital"
    assert types(chart, **stated) == {"2": L, "2.1": L, "2.3": Q, "2.3.01": Q}


MIXED = """
    3 RESULTADO{root}
    3.1 RECEITA BRUTA
    3.1.01 Vendas{credit}
    3.2 DESPESAS
    3.2.01 Aluguel{debit}
    3.3 PROVISÃO PARA CSLL E IRPJ{debit}
    3.3.01 CSLL{debit}
"""


def test_under_a_result_root_the_side_decides_not_the_digit() -> None:
    chart = build(read(MIXED.format(root="  C", credit="  C", debit="  D")), Rules())
    assert [a.account_type for a in chart.accounts] == [R, R, R, E, E, E, E]
    assert [a.metadata["account_type_from"] for a in chart.accounts] == [
        *("side", "heading", "heading", "heading", "heading", "side", "side")
    ]
    assert findings(chart) == []


def test_without_a_side_a_mixed_root_leaves_the_rest_unknown_and_names_the_highest() -> None:
    chart = build(read(MIXED.format(root="", credit="", debit="")), Rules())
    assert [a.account_type for a in chart.accounts] == [None, R, R, E, E, None, None]
    assert findings(chart) == [("UNKNOWN_ACCOUNT_TYPE", "3.3")]


def test_a_root_that_is_not_known_to_be_mixed_goes_by_the_digit() -> None:
    text = "3 RESULTADO\n3.1 RECEITA BRUTA\n3.3 PROVISÃO PARA CSLL\n3.3.1 CSLL"
    chart = build(read(text), Rules())
    assert [a.account_type for a in chart.accounts] == [R] * 4
    assert findings(chart) == [("ASSUMED_ACCOUNT_TYPE", "3.3")]


def test_revenue_under_expenses_unless_the_side_says_otherwise() -> None:
    chart = """
        4 DESPESAS OPERACIONAIS
        4.1 Aluguel  D
        4.2 RECEITAS FINANCEIRAS
        4.2.1 Juros  C
        4.2.2 IOF sobre aplicações  D
        4.3 Receita avulsa  C
        4.4 Receitas glosadas
    """
    assert list(types(chart).values()) == [E, E, R, R, E, R, E]


def test_the_rest_of_a_part_is_no_part_where_nothing_is_above_or_below_it() -> None:
    assert types("7190 Outros Ativos\n7200 Outras receitas") == {"7190": None, "7200": R}
    assert types("1.2 OUTROS ATIVOS\n1.2.1 Cauções") == {"1.2": A, "1.2.1": A}


def test_expenses_under_revenue_stay_revenue() -> None:
    assert set(types("6 RECEITAS\n6.1 (-) DESPESAS COM DEVOLUÇÃO\n6.1.1 Frete").values()) == {R}


def test_words_of_results_on_codes_of_the_balance_sheet_count_only_on_a_root() -> None:
    assert types("1.2.4 DESPESAS ANTECIPADAS\n1.2.4.1 Seguros") == {"1.2.4": A, "1.2.4.1": A}
    assert types("1 RECEITAS\n1.01 Vendas\n2 DESPESAS\n2.01 Aluguel") == {
        "1": R, "1.01": R, "2": E, "2.01": E,
    }  # fmt: skip
    assert types("1.0.00 RECEITAS\n1.1.00 Vendas\n1.1.01 Loja")["1.1.01"] is R


def test_each_row_tells_which_rule_decided() -> None:
    rows = read(
        """
        1 ATIVO
        1.1 Caixa
        2 Dívidas
        3 Vendas
        6 Outras  C
        9 CONTAS DE COMPENSAÇÃO
        7 Nada
        """,
        **{"1.1": StatedType(type=A)},
    )
    chart = build(rows, Rules(account_type_prefixes={"6": R}))
    assert {a.code: a.metadata.get("account_type_from") for a in chart.accounts} == {
        "1": "heading",
        "1.1": "erp",
        "2": "digit",
        "3": "digit",
        "6": "prefix",
        "9": "heading",
        "7": None,
    }


# Findings that help


ADVISED = [
    ("7 TRANSITÓRIAS\n7.1 Valores\n7.1.01 A classificar\n1 ATIVO", "7"),
    ("3 RESULTADO\n3.1 RECEITAS\n3.2 DESPESAS\n3.3 CSLL\n3.3.1 CSLL\n3.30 RECEITAS", "3.3"),
    ("3.0.00 RESULTADO\n3.1.00 RECEITAS\n3.2.00 DESPESAS\n3.3.00 PROVISÃO\n3.3.01 CSLL", "3.3.00"),
    ("4 OPERACIONAL\n4.1 Aluguel\n5 RECEITAS", "4"),
    ("7000 OUTRAS  S\n7100 Grupo  S\n7101 Uma  A\n1000 ATIVO  S\n1001 Caixa  A", "7000"),
    ("1 ATIVO\n2 Caixa  <1\n7 OUTRAS\n8 Uma  <7\n9 Outra  <7\n70 RECEITAS\n71 Vendas  <70", "7"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), ADVISED)
def test_advice_followed_makes_it_right_and_turns_nothing_else(text: str, told: str) -> None:
    before = build(read(text), Rules())
    (found,) = before.findings
    assert found.account_code == told
    advice = json.loads(re.findall(r"\{.*\}", found.message)[0])
    prefixes = {prefix: AccountType(kind) for prefix, kind in advice.items()}
    after = build(read(text), Rules(account_type_prefixes=prefixes))
    assert after.findings == ()
    meant = advice[next(iter(advice))]
    for old, new in zip(before.accounts, after.accounts, strict=True):
        below = old.code == told or told in above(before, old.code)
        assert new.account_type == (meant if below else old.account_type), old.code


def above(chart: Chart, code: str) -> list[str]:
    found = []
    at = chart.by_code[code].above
    while at is not None:
        found.append(at)
        at = chart.by_code[at].above
    return found


def test_no_setting_is_advised_that_would_turn_other_accounts() -> None:
    text = "1 ATIVO\n2 Caixa  <1\n7 OUTRAS\n8 Uma  <7\n70 COMPENSAÇÃO\n71 Bens  <70"
    (found,) = build(read(text), Rules()).findings
    assert found.account_code == "7"
    assert "account_type_prefixes" not in found.message
    assert "Have the ERP state the type" in found.message


def test_a_stated_type_that_is_not_understood_is_told_of() -> None:
    unread = StatedType(unread="Tesouro")
    chart = build(read("1 ATIVO\n1.1 Caixa\n1.2 Banco", **{"1.1": unread}), Rules())
    assert [a.account_type for a in chart.accounts] == [A] * 3
    (found,) = chart.findings
    assert (found.code, found.account_code) == ("ASSUMED_ACCOUNT_TYPE", "1.1")
    assert "'Tesouro'" in found.message


def test_a_chart_of_thousands_of_unknowns_is_one_finding_for_each_root() -> None:
    rows = [account("8", name="Oito")]
    rows += [account(f"8.{n:02}", name=f"Grupo {n}") for n in range(40)]
    rows += [account(f"8.{n:02}.{m:02}", name="Conta") for n in range(40) for m in range(40)]
    assert findings(build(rows, Rules())) == [("UNKNOWN_ACCOUNT_TYPE", "8")]
