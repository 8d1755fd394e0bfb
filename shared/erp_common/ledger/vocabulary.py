"""The words accountants use for types, sides and flags, in Portuguese and English."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from erp_common.ledger.models import AccountType, Side

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
_TYPES = {
    kind: re.compile(rf"{_BEFORE}(?:{nouns}){_AFTER}").fullmatch for kind, nouns in _NOUNS.items()
}

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


@lru_cache(maxsize=1024)
def type_of(words: str) -> AccountType | None:
    """The account type these words name, or None."""
    folded = fold(words)
    return next((kind for kind, matches in _TYPES.items() if matches(folded)), None)


def side_of(words: str) -> Side | None:
    """The side these words name (D/C, 1/2, Devedora/Credora, debit/credit), or None."""
    return _SIDES.get(fold(words))


def flag_of(words: str) -> bool | None:
    """What these words answer (S/N, Sim/Não, yes/no, true/false, 1/0), or None."""
    return _FLAGS.get(fold(words))
