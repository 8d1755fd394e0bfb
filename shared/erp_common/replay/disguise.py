"""Makes of an exchange another of the same form that says nothing of the company.

Bodies are gone through sign by sign and not parsed, so that one that is cut off, or broken in any
other way, comes out broken alike. What a value is follows from its name: an amount is multiplied, a
date or an account's code stays, a page's number too, and everything else becomes a stand-in.
"""

from __future__ import annotations

import json
import re
import zlib
from decimal import Context, Decimal
from random import SystemRandom
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from erp_common.http.tape import CREDENTIALS, Kept
from erp_common.ledger.amount_text import read_amount
from erp_common.replay.stand_ins import StandIns

_EXACT = Context(prec=400)
_LONGEST_AMOUNT = 200

_CODES = frozenset(
    [
        "code",
        "parent_code",
        "account_code",
        "ccodconta",
        "ccodcontapai",
        "codigo",
        "contapai",
        "ccodcateg",
        "ccodcategoria",
        "categoria_superior",
        "ct1_conta",
        "ct1_ctasup",
        "ct2_debito",
        "ct2_credit",
        "cq0_conta",
        "conta",
    ]
)
_STAY = frozenset(
    # what is asked for, and how much of it
    [
        "call",
        "tables",
        "fields",
        "where",
        "order",
        "filters",
        "page",
        "pagesize",
        "per_page",
        "pagina",
        "limite",
        "tamanho_pagina",
        "npagina",
        "nregporpagina",
        "registros_por_pagina",
        "filialfilter",
        "deletedfilter",
        "hasnext",
        "total_pages",
        "total",
        "total_de_paginas",
        "registros",
        "total_de_registros",
        "ntotpaginas",
        "nregistros",
        "ntotregistros",
        "itens_totais",
        "paginas_totais",
        "apenas_ativo",
        "mostrar_caixinha",
        "esconde_conta_digital",
        "permite_apenas_filhos",
        "filtro_rapido",
        "sugestao_padrao",
        "cexibirapenassaldo",
        "limit",
        "remaining",
        "status_code",
        "type",
        "tipo",
        "ctipoconta",
        "account_type",
        "cnatureza",
        "natureza",
        "nnivel",
        "level",
        "csintetica",
        "sintetica",
        "is_summary",
        "totalizadora",
        "conta_receita",
        "conta_despesa",
        "transferencia",
        "conta_inativa",
        "inativo",
        "tipo_conta_corrente",
        "csituacao",
        "situacao",
        "status",
        "corigem",
        "origem",
        "cgrupo",
        "cstatus",
        "tipo_operacao",
        "tipo_evento_financeiro",
        "entrada_dre",
        "debcred",
        "cti_classe",
        "ct1_classe",
        "cti_normal",
        "ct1_normal",
        "ct1_natcta",
        "ct2_dc",
        "ct2_moedlc",
        "ct2_tpsald",
        "cq0_moeda",
        "cq0_tpsald",
        "cq0_lp",
        "nperc",
        "percentual",
        "currency",
        "moeda",
        "errorcode",
        "faultcode",
        "cod",
        "error_code",
        "period",
    ]
)
_FAULTS = frozenset(
    [
        "faultstring",
        "mensagem",
        "message",
        "msg",
        "errormessage",
        "detailedmessage",
        "error_description",
        "error",
        "detail",
        "omieapi-error",
    ]
)
_is_amount = re.compile(
    r"valor.*|.*_valor|vl_.*|.*valor|saldo.*|n(?:val|saldo|deb|cred|desc|juros|multa|tot(?!pag|reg)|liq).*"
    r"|cti_(?:saldo.|debito|credito)|cq0_(?:debito|credit)|(?:debit|credit)_amount|amount|balance"
    r"|juros|multa|desconto|taxa|(?:nao_)?pago|total_.*|nvl.*|bruto|liquido"
).fullmatch
_is_day = re.compile(r".*(?:data|date|dt|periodo|vencimento|competencia|hora|pagto).*").fullmatch
_bare_day = re.compile(r"[\d\s/.:+TZ-]{0,35}").fullmatch

_JSON = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.)*)"(?P<colon>\s*:)?'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r'|"(?P<cut>(?:[^"\\]|\\.)*\\?)\Z'
    r"|(?P<bare>[^\W\d]\w*)",
    re.DOTALL,
)
_MARKUP = re.compile(
    r"<!\[CDATA\[(?P<raw>.*?)\]\]>|(?P<declared><\?xml[^>]*\?>)|<!--(?P<comment>.*?)-->"
    r"|(?P<tag></?(?P<name>[A-Za-z_][\w.:-]*)(?P<more>[^<>]*)>)|(?P<text>[^<]+)",
    re.DOTALL,
)
_QUOTED = re.compile(r"""(?<==)\s*(["'])(.*?)\1""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)?", re.DOTALL)
_NUMBER = re.compile(r"\d(?:[\d., \u00a0]*\d)?")
_SHORT_OR_WAIT = re.compile(r"(?<!\w)-?(?:\d{1,3}|\d{1,6}(?=\s*segundo))(?!\w)")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_:.@-]{0,60}").fullmatch


class Disguise:
    """The disguise of one capture."""

    def __init__(self, seed: int | None = None, factor: int | None = None) -> None:
        """Draw a factor and stand-ins by chance; both can be given for tests."""
        chance = SystemRandom()
        self.factor = factor or 10 * chance.randrange(101, 997) + chance.choice((1, 3, 7, 9))
        """Amounts are multiplied by it: signs, zeros, decimals and all sums stay."""
        self._stand_ins = StandIns(seed)
        self._ids: set[str] = set()
        self._codes_stay = True

    # An exchange

    def asked(self, kept: Kept) -> None:
        """Disguise what was asked, and the answer's headers."""
        kept.path = "/".join(map(self._segment, kept.path.split("/")))
        kept.query = [
            (name, value if name.casefold() in CREDENTIALS else self.value(name, value))
            for name, value in kept.query
        ]
        kept.sent = {
            name: value if name == "Content-Type" else self.text(value)
            for name, value in kept.sent.items()
        }
        if kept.body is not None:
            kept.body = self._json(kept.body)
        kept.headers = [(name, self._header(name, value)) for name, value in kept.headers]

    def answered(self, kept: Kept, body: bytes) -> bytes:
        """Disguise an answer's body, in its charset and its content encoding."""
        self._codes_stay = "centro-de-custo" not in kept.path
        headers = {name.lower(): value for name, value in kept.headers}
        encoding = headers.get("content-encoding", "").strip().lower()
        plain, whole = inflated(body) if encoding in {"gzip", "x-gzip", "deflate"} else (body, True)
        disguised = self.body(plain, headers.get("content-type", ""))
        if plain is body:
            return disguised
        packed = zlib.compressobj(
            6, zlib.DEFLATED, zlib.MAX_WBITS + (0 if encoding == "deflate" else 16)
        )
        again = packed.compress(disguised) + packed.flush()
        return again if whole else again[:-9]

    def _segment(self, segment: str) -> str:
        bare = unquote(segment)
        if bare in self._ids:
            return quote(self.text(bare), safe="")
        is_word = not any(map(str.isdecimal, bare)) or re.fullmatch(r"v\d|page=\d+|CTBR\d+", bare)
        return segment if is_word else quote(self.text(bare), safe="")

    def _header(self, name: str, value: str) -> str:
        if name == "Location":
            return "https://elsewhere.invalid/"
        return self.fault(value) if name.casefold() in _FAULTS else value

    # A body

    def body(self, body: bytes, content_type: str = "") -> bytes:
        """Disguise a body; one that is no text is withheld."""
        head = body[:4096] + body[-4096:]
        odd = sum(byte < 0x20 and byte not in b"\t\r\n\f" for byte in head)  # noqa: PLR2004 -- a blank
        text, charset = _decoded(body, content_type)
        if charset == "latin-1" and odd * 20 > len(head):
            return b"\x00\xff" * (len(body) // 2)
        opening = text.lstrip("\ufeff \t\r\n")[:1]
        if opening == "<":
            disguised = self._markup(text)
        elif opening in {"{", "[", '"'}:
            disguised = self._json(text)
        else:
            disguised = self.fault(text)
        return disguised.encode(charset, "replace")

    def _json(self, text: str) -> str:
        key = ""

        def disguised(found: re.Match[str]) -> str:
            nonlocal key
            number = found["number"]
            if number is not None:
                return self._number(key, number)
            inside = found["text"]
            if inside is None:
                if found["cut"] is not None:
                    return '"' + self._escaped(key, found["cut"])
                bare = found["bare"]
                return bare if bare in _LITERALS else self.fault(bare)
            colon = found["colon"]
            if colon is None:
                return f'"{self._escaped(key, inside)}"'
            key = inside
            if _IDENTIFIER(inside):
                return found[0]
            return f'"{self._escaped("", inside)}"{colon}'

        return _JSON.sub(disguised, text)

    def _escaped(self, key: str, inside: str) -> str:
        """A text of JSON, with its escapes."""
        if "\\" not in inside:
            return self.value(key, inside)
        try:
            plain = json.loads(f'"{inside}"', strict=False)
        except ValueError:
            parts = _ESCAPE.split(inside)
            escapes = _ESCAPE.findall(inside)
            ends = [*(_another(one) for one in escapes), ""]
            return "".join(self.text(p) + e for p, e in zip(parts, ends, strict=True))
        written = json.dumps(self.value(key, plain), ensure_ascii="\\u" in inside)[1:-1]
        return written.replace("/", "\\/") if "\\/" in inside else written

    def _markup(self, text: str) -> str:
        name = ""

        def disguised(found: re.Match[str]) -> str:
            nonlocal name
            if found["declared"]:
                return found[0]
            if found["tag"]:
                name = found["name"]
                more = _QUOTED.sub(lambda it: f"{it[1]}{self.text(it[2])}{it[1]}", found["more"])
                start = "</" if found[0].startswith("</") else "<"
                return f"{start}{name}{more}>"
            for kind, opened, closed in (("raw", "<![CDATA[", "]]>"), ("comment", "<!--", "-->")):
                if found[kind] is not None:
                    return opened + self.value(name, found[kind]) + closed
            return self.value(name, found["text"])

        return re.sub(
            r"<![A-Z][^>\[]*(?:\[.*?\]\s*)?>",
            self._declaration,
            _MARKUP.sub(disguised, text),
            flags=re.DOTALL,
        )

    def _declaration(self, found: re.Match[str]) -> str:
        if found[0].startswith("<![CDATA["):
            return found[0]
        return re.sub(
            r"([\"'])(.*?)\1",
            lambda it: it[1] + self.text(it[2]) + it[1],
            found[0],
            flags=re.DOTALL,
        )

    # A value

    def value(self, key: str, value: str) -> str:
        """Disguise a text by the name of its field."""
        name = key.rpartition(":")[2].casefold()
        if name in _STAY or (name in _CODES and self._codes_stay):
            return value
        if name in CREDENTIALS:
            return "***"
        if name in _FAULTS:
            return self.fault(value)
        if _is_amount(name):
            return self._written_amount(value)
        if _is_day(name) and _bare_day(value):
            return value
        if name == "id":
            self._ids.add(value.strip())
        return self.text(value)

    def text(self, value: str) -> str:
        """Disguise a text."""
        return self._stand_ins.text(value)

    def fault(self, value: str) -> str:
        """Disguise an error's words; small numbers stay, and how long to wait."""
        kept = _SHORT_OR_WAIT.findall(value)
        parts = _SHORT_OR_WAIT.split(value)
        ends = [*kept, ""]
        return "".join(self.text(part) + end for part, end in zip(parts, ends, strict=True))

    def _number(self, key: str, number: str) -> str:
        name = key.casefold()
        whole = number.lstrip("-").isdecimal()
        if (name in _STAY and whole) or name in _CODES or name in {"nperc", "percentual"}:
            return number
        if name in CREDENTIALS:
            return "0"
        if _is_amount(name) or not whole:
            return self.amount(number)
        if _is_day(name) and _bare_day(number):
            return number
        if name in _FAULTS or number in {"0", "1", "-1"}:
            return number
        if name == "id":
            self._ids.add(number)
        return number[: number.startswith("-")] + self._stand_ins.digits(number.lstrip("-"))

    def amount(self, number: str) -> str:
        """Multiply a number as JSON writes it."""
        if len(number) > _LONGEST_AMOUNT:
            return self.text(number)
        digits, exponent = re.match(r"([^eE]*)(.*)", number, re.DOTALL).groups()  # type: ignore[union-attr]
        value = Decimal(digits)
        if not value:
            return number
        return f"{_EXACT.multiply(value, Decimal(self.factor)):f}{exponent}"

    def _written_amount(self, value: str) -> str:
        """Multiply an amount that is a text, in its own way of writing."""
        try:
            read_amount(value)
        except ValueError:
            return self.text(value)
        found = _NUMBER.findall(value)
        if len(found) != 1:
            return self.text(value)
        written: str = found[0]
        return value.replace(written, self._multiplied(written) or self.text(written))

    def _multiplied(self, written: str) -> str | None:
        """The multiple, grouped as it was; None where it can be read in two ways, or in none."""
        signs = [sign for sign in written if not sign.isdecimal()]
        point = ""
        if signs and signs.count(signs[-1]) == 1 and signs[-1] in ".,":
            fraction = written.rpartition(signs[-1])[2]
            grouped = len(signs) > 1
            if not grouped and len(fraction) == 3 and not written.startswith("0"):  # noqa: PLR2004
                return None
            point = signs[-1]
        whole, _, fraction = written.rpartition(point) if point else (written, "", "")
        groups = {sign for sign in whole if not sign.isdecimal()}
        if len(groups) > 1:
            return None
        digits = re.sub(r"\D", "", whole) + fraction
        product = str(int(digits) * self.factor).zfill(len(digits))
        if not int(digits):
            return written
        cut = len(product) - len(fraction)
        front, back = product[:cut], product[cut:]
        if len(fraction) == 3 and written.startswith("0"):  # noqa: PLR2004 -- a group's digits
            front = "0" + front.lstrip("0")
        for group in groups:
            front = f"{int(front):,}".replace(",", group)
        return front + point + back

    # What a run was asked for

    def settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Disguise the settings that name something of the company's."""
        made = dict(settings)
        for name in ("companies", "filters", "closing_entries"):
            if name in made:
                made[name] = self._named(made[name])
        for name in ("tenant", "environment", "client_id"):
            if isinstance(made.get(name), str):
                made[name] = self.text(made[name])
        # What counts as equal grows with the amounts.
        tolerance = Decimal(str(made.get("tolerance", "0.01")))
        made["tolerance"] = msgspec.Raw(
            f"{_EXACT.multiply(tolerance, Decimal(self.factor)):f}".encode()
        )
        return made

    def _named(self, value: Any, key: str = "") -> Any:  # noqa: ANN401 -- JSON's
        if isinstance(value, dict):
            return {name: self._named(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [self._named(one, key) for one in value]
        stays = key in {"account_types", "currency", "level", "include_zero_balances"}
        return self.text(value) if isinstance(value, str) and not stays else value

    def state(self, state: Any, key: str = "") -> Any:  # noqa: ANN401 -- JSON's
        """Disguise a state; digests of amounts, which cannot be, are left out."""
        if isinstance(state, list):
            return [self.state(one, key) for one in state]
        if not isinstance(state, dict):
            return self.text(state) if key == "company_id" and isinstance(state, str) else state
        if key == "balances":
            return {self._account(code): self.amount(str(net)) for code, net in state.items()}
        return {n: self.state(one, n) for n, one in state.items() if n != "closed_periods"}

    def _account(self, code: str) -> str:
        """An account's code, which on a cash basis is made of an id."""
        made = re.fullmatch(r"(CC\.|CAT\.)(.*)", code)
        return made[1] + self.text(made[2]) if made and made[2] != "NONE" else code


_LITERALS = frozenset({"true", "false", "null", "NaN", "Infinity"})


def _another(escape: str) -> str:
    """An escape that spells no letter."""
    return escape if not escape.startswith("\\u") or len(escape) < 6 else "\\u00e3"  # noqa: PLR2004


def inflated(body: bytes) -> tuple[bytes, bool]:
    """What can be had of a compressed body, and whether that is all of it."""
    for window in (32 + zlib.MAX_WBITS, -zlib.MAX_WBITS):
        inflater = zlib.decompressobj(window)
        made = b""
        try:
            for at in range(0, len(body), 256):
                made += inflater.decompress(body[at : at + 256])
        except zlib.error:
            if made:
                return made, False
            continue
        return made, inflater.eof
    return b"", False


def _decoded(body: bytes, content_type: str) -> tuple[str, str]:
    """The text, and the charset that makes the same bytes of it."""
    stated = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    for charset in (*([stated[1]] if stated else []), "utf-8"):
        try:
            text = body.decode(charset)
            if text.encode(charset) == body:
                return text, charset
        except (UnicodeError, LookupError):
            continue
    return body.decode("latin-1"), "latin-1"
