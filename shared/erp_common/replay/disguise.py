"""Makes of an exchange another of the same form that says nothing of the company.

Bodies are gone through sign by sign and not parsed, so that one that is cut off, or broken in any
other way, comes out broken alike. What a value is follows from its name: an amount is multiplied, a
date or an account's code stays, a page's number too, and everything else becomes a stand-in.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from decimal import Context, Decimal
from functools import lru_cache
from random import SystemRandom
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from erp_common.http.tape import CREDENTIALS, Kept
from erp_common.ledger.amount_text import read_amount
from erp_common.replay.archive import LARGEST
from erp_common.replay.stand_ins import Known, StandIns
from erp_common.replay.watched import CLOSED

_EXACT = Context(prec=400)
_LONGEST_AMOUNT = 200
_SHORT = 3

_FIELDS = {
    # What a request asks for; in an answer these names may stand for anything.
    "asked": "call tables fields where order filters",
    "code": """
        code parent_code account_code ccodconta ccodcontapai codigo contapai ccodcateg
        ccodcategoria categoria_superior ct1_conta ct1_ctasup ct2_debito ct2_credit cq0_conta conta
    """,
    # How much of it there is.
    "count": """
        page pagesize per_page pagina limite tamanho_pagina npagina nregporpagina
        registros_por_pagina total_pages total total_de_paginas registros total_de_registros
        ntotpaginas nregistros ntotregistros itens_totais paginas_totais limit remaining status_code
        nnivel level
    """,
    # Of which kind something is, and how it stands.
    "kind": """
        filialfilter deletedfilter hasnext apenas_ativo mostrar_caixinha esconde_conta_digital
        permite_apenas_filhos filtro_rapido sugestao_padrao cexibirapenassaldo type tipo ctipoconta
        account_type cnatureza natureza csintetica sintetica is_summary totalizadora conta_receita
        conta_despesa transferencia conta_inativa inativo tipo_conta_corrente csituacao situacao
        status corigem origem cgrupo cstatus tipo_operacao tipo_evento_financeiro entrada_dre
        debcred cti_classe ct1_classe cti_normal ct1_normal ct1_natcta ct2_dc ct2_moedlc ct2_tpsald
        cq0_moeda cq0_tpsald cq0_lp currency moeda errorcode faultcode cod error_code period
    """,
    "percentage": "nperc percentual",
    "fault": """
        faultstring mensagem message msg errormessage detailedmessage error_description error detail
        omieapi-error
    """,
}
"""Names of fields by what they hold, in lower case."""
_SORTS = {name: sort for sort, names in _FIELDS.items() for name in names.split()}
_SORTS |= dict.fromkeys(CREDENTIALS, "credential")
_is_amount = re.compile(
    r"valor.*|.*_valor|vl_.*|.*valor|saldo.*|n(?:val|saldo|deb|cred|desc|juros|multa|tot(?!pag|reg)|liq).*"
    r"|cti_(?:saldo.|debito|credito)|cq0_(?:debito|credit)|(?:debit|credit)_amount|amount|balance"
    r"|juros|multa|desconto|taxa|(?:nao_)?pago|total_.*|nvl.*|bruto|liquido"
).fullmatch
_is_day = re.compile(r".*(?:data|date|dt|periodo|vencimento|competencia|hora|pagto).*").fullmatch
_bare_day = re.compile(
    # One that is impossible is a day too; a number that merely stands there is none.
    r"\s*(?:(?:\d{4}(?:\d\d){0,2}|\d{6}|\d{4}(?:19|20)\d\d|(?:19|20)\d{12}|\d{1,4}([/.-])\d{1,2}\1\d{1,4}"
    r"|\d{1,2}/\d{4}|\d{4}-\d\d)?[T\s]*(?:\d{1,2}(?::\d\d){1,2}(?:[.,]\d{1,9})?)?\s*(?:Z|[+-]\d\d:?\d\d)?)\s*"
).fullmatch
_kind = re.compile(
    r"\s*(?=[^\d]*(?:\d[^\d]*){0,4}$)(?=.{0,50}$)[^\W_]+(?:[_/.:-][^\W_]+)*\s*"
).fullmatch
"""A word, as flags and standings are written; not a name of several, nor a number of anything."""
_LONGER_WORD = re.compile(r"(?=\d*[^\W\d_])[^\W_]{4,}")
_count = re.compile(r"\s*\d{1,7}\s*").fullmatch
_kind_part = re.compile(r"[^\W\d]{1,3}|\d{1,2}|\W").fullmatch
_TAX_ID = r"\d{2,3}\.\d{3}\.\d{3}[/-]"
_FEW_LETTERS = r"(?=(?:[^A-Za-z\xc0-\uffff]*[A-Za-z\xc0-\uffff]){0,8}[^A-Za-z\xc0-\uffff]*$)"
_code = re.compile(rf"\s*(?!{_TAX_ID}){_FEW_LETTERS}[\w.-]{{1,30}}\s*").fullmatch
_code_part = re.compile(
    rf"(?!{_TAX_ID})\d+(?:\.\d+)+[\w.-]{{0,6}}|\w{{1,3}}|\d{{1,6}}|\W"
).fullmatch
"""What a code of several words is made of; not the name that stands behind a code, nor a tax id."""

_JSON = re.compile(
    r'"(?P<text>[^"\\]*(?:\\.[^"\\]*)*)"(?P<colon>\s*:)?'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r'|"(?P<cut>(?:[^"\\]|\\.)*\\?)\Z'
    r"|(?P<bare>[^\W\d]\w*)",
    re.DOTALL,
)
_FIELD = re.compile(
    r'(?P<key>[A-Za-z_@][\w.:-]*)"(?P<colon>\s*:\s*)'
    r'(?:"(?P<text>[^"\\]*(?:\\.[^"\\]*)*)"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)'
    r"|true|false|null|)[\s{}\[\],]*",
    re.DOTALL,
).fullmatch
"""A field with its value, behind the quote with which its name begins."""
_between_fields = re.compile(r"[\s\ufeff{}\[\],]*").fullmatch
_MARKUP = re.compile(
    # What is opened and never closed goes on to the end: to look for its end again and again from
    # each place where another is opened would take the square of the time.
    r"<!\[CDATA\[(?P<raw>.*?)(?P<closed>\]\]>|\Z)|(?P<declared><\?xml[^<>]*\?>)"
    r"|<!--(?P<comment>.*?)(?P<end>-->|\Z)|(?P<declaration><![A-Z][^<>\[]*(?:\[.*?(?:\]\s*>|\Z)|>))"
    r"|(?P<tag></?(?P<name>[A-Za-z_][\w.:-]*)(?P<more>[^<>]*)>)|(?P<text>[^<]+)",
    re.DOTALL,
)
_DECLARED_TEXT = re.compile(r"([\"'])(.*?)\1", re.DOTALL)
_QUOTED = re.compile(r"""(?<==)\s*(["'])(.*?)\1""", re.DOTALL)
_EXPONENT = re.compile(r"([^eE]*)(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)?", re.DOTALL)
_NUMBER = re.compile(r"\d(?:[\d., \u00a0]*\d)?")
_SHORT_OR_WAIT = re.compile(
    # and not a part of another number
    r"(?<![\w.,/-])(?<!\d )-?(?:\d{1,3}|\d{1,6}(?=\s*segundo))(?!\w|[.,/ -]\d)"
)
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\r\n\f"))
_is_identifier = lru_cache(maxsize=4096)(
    re.compile(r"(?!.*\d{5})@?[A-Za-z_][A-Za-z0-9_:.-]{0,60}").fullmatch
)
"""Whether this is the name of a field, and not one that names something of the company's."""


class _NoFieldError(Exception):
    """It is something else than a field with its value."""


class Disguise:
    """The disguise of one capture."""

    def __init__(
        self,
        seed: int | None = None,
        factor: int | None = None,
        spoken: frozenset[str] = frozenset(),
    ) -> None:
        """Draw a factor and stand-ins by chance; both can be given for tests.

        Args:
            seed: Draws the same stand-ins again.
            factor: What amounts are multiplied by.
            spoken: Words that say of which kind something is, beside those of the vocabulary.
        """
        chance = SystemRandom()
        self.factor = factor or 10 * chance.randrange(101, 997) + chance.choice((1, 3, 7, 9))
        """Amounts are multiplied by it: signs, zeros, decimals and all sums stay."""
        self._stand_ins = StandIns(seed, spoken)
        self.text = self._stand_ins.text
        """Disguises a text."""
        self._ways: dict[str, Callable[[str], str]] = {
            "amount": self._written_amount,
            "asked": self._asked_for,
            "code": self._code,
            "count": self._count,
            "credential": lambda _: "***",
            "day": self._day,
            "fault": self.fault,
            "id": self._id,
            "kind": self._kind,
            "percentage": self._kind,
            "text": self.text,
        }
        """How a value is disguised, by what its field holds."""
        self._ids: set[str] = set()
        self._codes_stay = True
        self._is_asked = False
        self._known: dict[tuple[bool, bool], Known[str]] = {}

    # An exchange

    def asked(self, kept: Kept) -> None:
        """Disguise what was asked, and the answer's headers."""
        self._is_asked = True
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
        self._is_asked = False
        self._codes_stay = "centro-de-custo" not in kept.path
        headers = {name.lower(): value for name, value in kept.headers}
        encoding = headers.get("content-encoding", "").strip().lower()
        plain, whole = inflated(body) if encoding in {"gzip", "x-gzip", "deflate"} else (body, True)
        if len(plain) >= LARGEST:  # unpacked, it would be no file of a capture
            raise ValueError("larger than what is disguised")
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
        return self.fault(value) if _sort(name) == "fault" else value

    # A body

    def body(self, body: bytes, content_type: str = "") -> bytes:
        """Disguise a body; one that is no text is withheld."""
        head = body[:4096] + body[-4096:]
        odd = len(head) - len(head.translate(None, _CONTROLS))
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
        return disguised.encode(charset, "surrogateescape" if charset == "utf-8" else "replace")

    def _json(self, text: str) -> str:
        """Disguise JSON, or what looks like it.

        Nearly all of it is fields with their values, most of which come again and again: it is cut
        where a field begins, and each piece is looked at once. Where any piece is not just a field,
        all is gone through sign by sign.
        """
        way = (self._is_asked, self._codes_stay)
        known = self._known.get(way)
        if known is None:
            known = self._known[way] = Known(self._field)
        opening, *objects = text.split('{"')
        comma = ',"' if ',"' in text else ', "'
        made = [opening]
        try:
            for one in objects:
                made.append(comma.join([known[piece] for piece in one.split(comma)]))  # noqa: PERF401 -- what breaks off needs no list
        except _NoFieldError:
            return self._json_by_sign(text)
        return '{"'.join(made) if _between_fields(opening) else self._json_by_sign(text)

    def _field(self, piece: str) -> str:
        """A field with its value, from the first letter of its name to where another begins."""
        found = _FIELD(piece)
        if found is None or not _is_identifier(found["key"]):
            raise _NoFieldError
        key, _, text, number = found.groups()
        if text is not None:
            start, end = found.span("text")
            return piece[:start] + self._escaped(key, text) + piece[end:]
        if number is not None:
            start, end = found.span("number")
            return piece[:start] + self._number(key, number) + piece[end:]
        return piece

    def _json_by_sign(self, text: str) -> str:
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
            if _is_identifier(inside):
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
            if found["declaration"]:
                return _DECLARED_TEXT.sub(
                    lambda it: it[1] + self.text(it[2]) + it[1], found["declaration"]
                )
            for kind, opened, closed in (
                ("raw", "<![CDATA[", "closed"),
                ("comment", "<!--", "end"),
            ):
                if found[kind] is not None:
                    return opened + self.value(name, found[kind]) + found[closed]
            return self.value(name, found["text"])

        return _MARKUP.sub(disguised, text)

    # A value

    def value(self, key: str, value: str) -> str:
        """Disguise a text by the name of its field."""
        return self._ways[_sort(key)](value)

    def _code(self, value: str) -> str:
        if not self._codes_stay:
            return self.text(value)
        return value if _code(value) else self._by_word(value, _code_part)

    def _kind(self, value: str) -> str:
        """A flag or a standing: known words, short ones and numbers stay."""
        return self._standing(value) if _kind(value) else self._by_word(value, _kind_part)

    def _standing(self, value: str) -> str:
        return _LONGER_WORD.sub(
            lambda it: it[0] if self._stand_ins.is_word(it[0]) else self.text(it[0]), value
        )

    def _asked_for(self, value: str) -> str:
        if self._is_asked:
            return value
        return self._standing(value) if _kind(value) else self.text(value)

    def _id(self, value: str) -> str:
        self._ids.add(value.strip())
        return self.text(value)

    def _count(self, value: str) -> str:
        return value if _count(value) else self.text(value)

    def _day(self, value: str) -> str:
        return value if _bare_day(value) else self.text(value)

    def _by_word(self, value: str, stays: Callable[[str], object]) -> str:
        return re.sub(r"\S+", lambda it: it[0] if stays(it[0]) else self.text(it[0]), value)

    def fault(self, value: str) -> str:
        """Disguise an error's words; small numbers stay, and how long to wait."""
        kept = _SHORT_OR_WAIT.findall(value)
        parts = _SHORT_OR_WAIT.split(value)
        ends = [*kept, ""]
        return "".join(self.text(part) + end for part, end in zip(parts, ends, strict=True))

    def _number(self, key: str, number: str) -> str:
        sort = _sort(key)
        whole = "." not in number and number.lstrip("-").isdecimal()
        if sort in {"code", "percentage"}:
            return number
        if sort == "credential":
            return "0"
        if sort == "amount" or not whole:
            return self.amount(number)
        if number in {"0", "1", "-1"} or (
            (sort == "count" and _count(number))
            or (sort in {"kind", "asked"} and _kind(number))
            or (sort == "day" and _bare_day(number))
            or (sort == "fault" and len(number) <= _SHORT)
        ):
            return number
        if sort == "id":
            self._ids.add(number)
        return number[: number.startswith("-")] + self._stand_ins.digits(number.lstrip("-"))

    def amount(self, number: str) -> str:
        """Multiply a number as JSON writes it."""
        if len(number) > _LONGEST_AMOUNT:
            return self.text(number)
        digits, exponent = _EXPONENT.match(number).groups()  # type: ignore[union-attr]
        whole, point, fraction = digits.partition(".")
        product = int(whole + fraction) * self.factor
        if not product:
            return number
        written = str(abs(product)).zfill(len(fraction) + 1)
        cut = len(written) - len(fraction)
        return f"{'-' * (product < 0)}{written[:cut]}{point}{written[cut:]}{exponent}"

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
            return self.text(state) if isinstance(state, str) and key not in _OF_A_STATE else state
        if key == "balances":
            return {self._account(code): self.amount(str(net)) for code, net in state.items()}
        return {n: self.state(one, n) for n, one in state.items() if n != CLOSED}

    def _account(self, code: str) -> str:
        """An account's code, which on a cash basis is made of an id."""
        made = re.fullmatch(r"(CC\.|CAT\.)(.*)", code)
        return made[1] + self.text(made[2]) if made and made[2] != "NONE" else code


_OF_A_STATE = frozenset(
    {"replication_key", "replication_key_value", "starting_replication_value", "type"}
    | {"as_of", "basis", "period", "progress_note"}
)
"""What says nothing of the company's in a state."""
_LITERALS = frozenset({"true", "false", "null", "NaN", "Infinity"})


@lru_cache(maxsize=4096)
def _sort(key: str) -> str:
    """What a field holds, by its name."""
    name = key.rpartition(":")[2].casefold()
    if name in _SORTS:
        return _SORTS[name]
    if _is_amount(name):
        return "amount"
    if _is_day(name):
        return "day"
    return "id" if name == "id" else "text"


def _another(escape: str) -> str:
    """An escape that spells no letter."""
    return escape if not escape.startswith("\\u") or len(escape) < 6 else "\\u00e3"  # noqa: PLR2004


def inflated(body: bytes, most: int = LARGEST) -> tuple[bytes, bool]:
    """What can be had of a compressed body, and whether that is all of it.

    Args:
        body: The body as it came.
        most: Bytes that are unpacked of it at most: it may grow a thousandfold.
    """
    for window in (32 + zlib.MAX_WBITS, -zlib.MAX_WBITS):
        inflater = zlib.decompressobj(window)
        made = bytearray()
        try:
            for at in range(0, len(body), 256):
                made += inflater.decompress(body[at : at + 256], max(1, most - len(made)))
                if len(made) >= most:
                    return bytes(made), False
        except zlib.error:
            if made:
                return bytes(made), False
            continue
        return bytes(made), inflater.eof
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
    # A byte or two that are wrong in UTF-8 stay wrong.
    text = body.decode("utf-8", "surrogateescape")
    letters = sum(map(text.count, set(_OTHER_LETTER.findall(text))))
    broken = len(_BROKEN.findall(text))
    return (text, "utf-8") if letters * 2 >= max(1, broken) else (body.decode("latin-1"), "latin-1")


_OTHER_LETTER = re.compile("[^\x00-\x7f\ud800-\udfff]")
_BROKEN = re.compile("[\ud800-\udfff]")
