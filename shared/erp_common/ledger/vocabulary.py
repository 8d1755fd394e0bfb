"""The words accountants use for types, sides and flags, in Portuguese and English."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from erp_common.ledger.models import AccountType, Side, StatedType

_NOUNS = {
    AccountType.ASSET: r"ativos?|assets?",
    AccountType.LIABILITY: r"passivos?|liabilit(?:y|ies)",
    AccountType.EQUITY: (
        r"patrimonios? liquidos?|p ?l|equit(?:y|ies)"
        r"|(?:share|stock)holder ?s? equity|owner ?s? equity"
    ),
    AccountType.REVENUE: r"receitas?|revenues?|incomes?",
    AccountType.EXPENSE: r"custos?|despesas?|custos e despesas|expenses?|costs?",
}
# "Ativo circulante", "Non-current liabilities", "Despesas operacionais" still name a type.
_AFTER = r"(?: (?:nao )?(?:circulantes?|operaciona(?:l|is)))?"
_BEFORE = r"(?:(?:non )?(?:current|operating) )?"
# Patterns are compiled when first used, by `re`, which keeps them: a start needs none.
_TYPES = {kind: rf"{_BEFORE}(?:{nouns}){_AFTER}" for kind, nouns in _NOUNS.items()}

_SIDES = {
    **dict.fromkeys(
        ["d", "1", "db", "dr", "debito", "debitos", "devedor", "devedora", "debit", "debits"],
        Side.DEBIT,
    ),
    **dict.fromkeys(
        ["c", "2", "cr", "credito", "creditos", "credor", "credora", "credit", "credits"],
        Side.CREDIT,
    ),
}
_FLAGS = {
    **dict.fromkeys(["s", "sim", "y", "yes", "t", "true", "v", "verdadeiro", "1"], True),
    **dict.fromkeys(["n", "nao", "no", "f", "false", "falso", "0"], False),
}


@lru_cache(maxsize=16384)
def fold(words: str) -> str:
    """The words in lower case without accents, anything but letters and digits made one blank."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", words) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", bare.casefold()).strip()


_OTHER = r"outr[oa]s?|demais|divers[oa]s?"
# What a heading may carry before the word that counts: "1 - ATIVO", "Total do Ativo", "(-) Custos",
# "OUTRAS DESPESAS", "CONTAS DE RESULTADO - RECEITAS".
_LEAD = (
    r"(?:(?:\d+|[ivx]+|[a-z]|contas?|grupo|sistemas?|total|geral|de|d[oa]s?|resultados?"
    rf"|{_OTHER}) )*"
)
_CHANGES = r"variac(?:ao|oes) patrimonia(?:l|is)"
_PARTS: Final = {
    AccountType.EQUITY: (
        r"patr(?:im(?:onios?)?)? liquidos?|pl(?=$)|patrimonios? socia(?:l|is)"
        r"|fundos? (?:socia|patrimonia)(?:l|is)|(?:\w+holder ?s? |owner ?s? )?equity"
    ),
    AccountType.ASSET: r"ativos?|assets?",
    AccountType.LIABILITY: r"passivos?|liabilit(?:y|ies)",
    AccountType.REVENUE: (
        r"receitas?|revenues?|income(?! tax)|ingressos?|vpas?|resultados? credor(?:es)?"
        rf"|{_CHANGES} aumentativas?"
    ),
    AccountType.EXPENSE: (
        r"custos?|despesas?|expenses?|costs?|gastos?|dispendios?|vpds?|cmv|cpv|csp"
        rf"|resultados? devedor(?:es)?|{_CHANGES} diminutivas?"
    ),
}
_RESULT = r"(?:(?:apuracao|demonstrac(?:ao|oes)|contas?) d[oe] )?resultados?|dre"
_PART = "|".join(
    [*(f"(?P<{kind.value}>{words})" for kind, words in _PARTS.items()), f"(?P<RESULT>{_RESULT})"]
)
_ADJECTIVE = (
    r"(?: (?:(?:nao )?operaciona(?:l|is)|financeir[oa]s?|gera(?:l|is)|divers[oa]s?|brut[oa]s?"
    r"|liquid[oa]s?|administrativ[oa]s?|tributari[oa]s?))*"
)
_FIRST_PART: Final = rf"{_LEAD}(?:{_PART})(?= |$)"
_NEXT_PART: Final = rf"(?:{_ADJECTIVE} (?:e|ou|and|or))? (?:(?:{_OTHER}) )?(?:{_PART})(?= |$)"
_REMAINDER: Final = rf"(?:de )?(?:{_OTHER}|total) "
_OFF_BALANCE: Final = (
    r"(?:(?:\d+|[ivx]+|[a-z]|contas?|grupo|sistemas?|total|de|d[oa]s?) )*"
    r"(?:compensac(?:ao|oes)(?: (?:ativ[oa]s?|passiv[oa]s?|d[eo]s? (?:ativo|passivo)s?))?"
    r"|(?:(?:ativ|passiv)[oa]s? )?compensad[oa]s?"
    r"|controles? (?:devedor|credor)(?:es)?"
    r"|controles? da (?:aprovacao|execucao) do planejamento(?: e orcamento)?)"
)
_SPACED_LETTERS: Final = r"(?<!\w)(?:[^\W\d] ){2,}[^\W\d](?!\w)"


@lru_cache(maxsize=16384)
def heading(name: str) -> StatedType | None:
    """What a name says if it is the heading of a part of the chart; None if it says nothing.

    Numbering, signs and words like "outras" or "contas de resultado" before it are passed over. A
    name that heads two parts says neither: of "Receitas e Despesas" it is only known that they are
    results. But "Passivo e Patrimônio Líquido" is the heading of the liabilities, equity being set
    apart below it. Compensação is the name of accounts off the balance sheet only where nothing
    else stands in it: "Compensação financeira" is none.
    """
    folded = fold(re.sub(_SPACED_LETTERS, lambda found: found[0].replace(" ", ""), name))
    if re.fullmatch(_OFF_BALANCE, folded):
        return StatedType(off_balance=True)
    found = re.match(_FIRST_PART, folded)
    kinds = []
    while found:
        kinds.append(found.lastgroup or "")
        found = re.compile(_NEXT_PART).match(folded, found.end())
    if not kinds:
        return None
    if kinds[0] == "LIABILITY":
        kinds = [kind for kind in kinds if kind != "EQUITY"]
    if len(set(kinds)) == 1 and kinds[0] != "RESULT":
        return StatedType(type=AccountType(kinds[0]))
    return StatedType(result=True) if _RESULTS.issuperset(kinds) else None


def is_remainder(name: str) -> bool:
    """Whether a name is that of the rest or the sum of a part ("Outros ativos"), not its own."""
    return re.match(_REMAINDER, fold(name)) is not None


_RESULTS: Final = frozenset({"REVENUE", "EXPENSE", "RESULT"})


@lru_cache(maxsize=1024)
def type_of(words: str) -> AccountType | None:
    """The account type these words name, or None."""
    folded = fold(words)
    return next((kind for kind, named in _TYPES.items() if re.fullmatch(named, folded)), None)


@lru_cache(maxsize=1024)
def side_of(words: str) -> Side | None:
    """The side these words name (D/C, 1/2, Devedora/Credora, debit/credit), or None."""
    return _SIDES.get(fold(words))


def flag_of(words: str) -> bool | None:
    """What these words answer (S/N, Sim/Não, yes/no, true/false, 1/0), or None."""
    return _FLAGS.get(fold(words))
