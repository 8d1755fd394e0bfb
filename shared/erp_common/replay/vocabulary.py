"""Words that stay: without them an answer means something else, and they are nobody's.

The words of charts, sides and flags that `erp_common.ledger.vocabulary` reads, and those by which
the ERPs say how things stand and what is wrong. Where a field says of which kind something is, also
the words that stand in the tap's own code: what it may be compared with.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

from erp_common.ledger.vocabulary import fold

_LEDGER = (
    r"ativ[oa]s?|assets?|passiv[oa]s?|liabilit(?:y|ies)|patr|patrim|patrimonio?s?|patrimonia(?:l|is)"
    r"|liquid[oa]s?|pl|equit(?:y|ies)|shareholders?|stockholders?|owners?|receitas?|revenues?"
    r"|incomes?|tax|custos?|despesas?|expenses?|costs?|nao|non|circulantes?|operaciona(?:l|is)"
    r"|current|operating|outr[oa]s?|demais|divers[oa]s?|contas?|grupo|sistemas?|total|geral|gerais"
    r"|de|d[oa]s?|e|ou|and|or|resultados?|variac(?:ao|oes)|fundos?|socia(?:l|is)|ingressos?|vpas?"
    r"|vpds?|credor(?:es|as?)?|devedor(?:es|as?)?|aumentativas?|diminutivas?|gastos?|dispendios?"
    r"|cmv|cpv|csp|apuracao|demonstrac(?:ao|oes)|dre|financeir[oa]s?|brut[oa]s?|administrativ[oa]s?"
    r"|tributari[oa]s?|compensac(?:ao|oes)|compensad[oa]s?|controles?|da|aprovacao|execucao"
    r"|planejamento|orcamento|[ivx]+"
)
_SIDES_AND_FLAGS = (
    r"db|dr|cr|debitos?|creditos?|debits?|credits?|sim|yes|no|true|false|verdadeiro|falso"
)
_STANDINGS = (
    r"conciliad[oa]|previst[oa]|previsao|atrasad[oa]|vence|hoje|a?vencer|cancelad[oa]|transferencias?|trap"
    r"|trar|tran|corrente|saldo|anterior|inicial"
)
_FAULTS = (
    r"consumo|indevido|misuse|api|process|redundante?|redundancia|requisic(?:ao|oes)|desse|metodo|sendo|ja|foi"
    r"|processada|executada|nenhum|registros?|encontrad[oa]s?|existem?|para|pagina|chave|acesso"
    r"|invalid[oa]?|broken|response|limite|excedid[oa]|erro|error|temporario|time|out|timeout|na|consulta"
    r"|segundos?|aguarde|tente|novamente|permitida|client|server|soap|env|message|detail|not|found"
    r"|unauthorized|forbidden|too|many|requests?|limit|apikey|token|expired|access|denied|mensagem"
    r"|codigo|fault|resource|second|day|period|html?|head|title|body|h1|bad|gateway|xml|json"
)
_STAYS = re.compile(f"{_LEDGER}|{_SIDES_AND_FLAGS}|{_STANDINGS}|{_FAULTS}").fullmatch


@lru_cache(maxsize=65536)
def stays(folded: str) -> bool:
    """Whether a word stays, in lower case and without accents."""
    return _STAYS(folded) is not None


def words_of(package: str) -> frozenset[str]:
    """The words of all texts in a package's code that is loaded, folded; none if it is not."""
    words: set[str] = set()
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            loader: Any = getattr(module.__spec__, "loader", None)
            code = loader.get_code(name) if hasattr(loader, "get_code") else None
            for text in _texts(code):
                words.update(fold(word) for word in _WORD.findall(text))
    return frozenset(words)


_WORD = re.compile(r"[^\W_]+")


def _texts(constant: object) -> Iterator[str]:
    if isinstance(constant, str):
        yield constant
    elif isinstance(constant, CodeType):
        yield from _texts((*constant.co_consts, *constant.co_names))
    elif isinstance(constant, (tuple, frozenset)):
        for one in constant:
            yield from _texts(one)
