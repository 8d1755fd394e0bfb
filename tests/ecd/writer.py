"""Writes an ECD from a company's books, as accounting programs do.

It knows the tax office's manual and the simulator's books, and nothing of the tap that reads it.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from simulator.company import Company
from simulator.model import ZERO, Account, Entry

CNPJ: Final = "11222333000181"
SIGNATURE: Final = b"SBRCAAEPDR0" + bytes(range(256)) * 4 + b"\n|I250|0||1,00|D|\r\n"
_NATURES: Final = {"ASSET": "01", "LIABILITY": "02", "EQUITY": "03", "REVENUE": "04"}
_RTF: Final = (
    "{\\rtf1\\ansi\\ansicpg1252\\uc1 Notas explicativas",
    "\\par |I250|1.1.01.01.001||999,99|D|||nao e um registro||",
    "",
    "\\par Fim.}",
)

Record = list[str]
Key = tuple[str, str]


@dataclass(frozen=True)
class Filing:
    """What is filed: whose books, of which time, and in which form."""

    company: Company
    start: date
    end: date
    cnpj: str = CNPJ
    layout: int = 9
    book: str = "G"
    number: int = 1
    replaces: str | None = None
    decentralised: bool = False
    functional: bool = False
    code: Callable[[str], str] = str
    """How account codes are filed: with their mask, without, or as others."""
    kind: Callable[[Entry], str] = lambda entry: "E" if entry.document_type == "ENC" else "N"
    previous: Callable[[str], str] | None = None
    """The codes of the chart before, if the chart has changed."""
    extra: bool = False
    """Whether records have fields of the company's own (I020)."""
    rtf: str | None = "J800"
    """The record with a text of many lines, which is no text of records."""
    rtf_counted: bool = False
    signature: bytes = SIGNATURE
    line_end: str = "\r\n"
    encoding: str = "cp1252"
    trailing: bool = True
    """Whether empty fields at the end of a record are written."""
    part: Callable[[Entry], bool] = lambda _: True
    """Which entries the file holds, where branches keep books of their own."""
    opens: bool = True
    """Whether the opening balances of the books are this file's."""


def write(filing: Filing) -> bytes:
    """Return the file."""
    return as_bytes(filing, records(filing))


def as_bytes(filing: Filing, lines: Sequence[Record]) -> bytes:
    """Return the file of these records, its counts set."""
    counted = _closed(filing, lines)
    text = "".join(_line(filing, record) + filing.line_end for record in counted)
    return text.encode(filing.encoding) + filing.signature


def records(filing: Filing) -> list[Record]:
    """Return the records before the closing block, counts not yet set."""
    return [
        *_identity(filing),
        *_opening(filing),
        *_chart(filing),
        *_tables(filing),
        *_balances(filing),
        *_entries(filing),
        *_results(filing),
        ["I990", "?"],
        *_statements(filing),
    ]


def _line(filing: Filing, record: Record) -> str:
    if record[0] == "RTF":
        return record[1]
    if filing.rtf and record[0] == filing.rtf:
        return "|" + "|".join(record)  # its last field goes on over the lines that follow
    if not filing.trailing and record[0][0] in "IJ0":
        while len(record) > 2 and not record[-1]:
            record = record[:-1]
    return "|" + "|".join(record) + "|"


def _closed(filing: Filing, lines: Sequence[Record]) -> list[Record]:
    counts = Counter(record[0] for record in lines if record[0] != "RTF")
    texts = sum(record[0] == "RTF" for record in lines) if filing.rtf_counted else 0
    counts.update({"9001": 1, "9990": 1, "9999": 1, "9900": 0})
    kinds = sorted(counts, key=lambda kind: (kind[0] == "9", kind))
    counts["9900"] = len(kinds)
    closing = [["9001", "0"], *(["9900", kind, str(counts[kind])] for kind in kinds)]
    blocks: Counter[str] = Counter()
    for kind, number in counts.items():
        blocks[kind[0]] += number
    blocks["J"] += texts
    whole = sum(blocks.values())
    closing += [["9990", str(blocks["9"])], ["9999", str(whole)]]
    told = []
    for record in lines:
        block = record[0] in {"0990", "I990", "J990"}
        number = blocks[record[0][0]] if block else whole
        told.append([str(number) if field == "?" else field for field in record])
    return [*told, *closing]


def _identity(filing: Filing) -> Iterator[Record]:
    company = filing.company
    head = ["0000", "LECD", day(filing.start), day(filing.end), company.name, filing.cnpj]
    head += ["SP", "111222333", "3550308", "", ""]
    if filing.layout >= 2:
        substitute = "1" if filing.replaces else "0"
        head += ["0", "0", substitute, filing.replaces or ""]
        head += [""] if filing.layout <= 4 else []
        head += ["0"]
    if filing.layout >= 3:
        head += ["0", ""]
    if filing.layout >= 4:
        head += ["S" if filing.functional else "N"]
    if filing.layout >= 5:
        head += ["N"]
    if filing.layout >= 8:
        changed = "1" if filing.previous else "0"
        head += ["1" if filing.decentralised else "0", changed, "1"]
    yield head
    yield ["0001", "0"]
    yield ["0007", "00", ""]
    entities = {entry.entity.id: entry.entity for entry in _own(filing) if entry.entity}
    for entity in sorted(entities.values(), key=lambda one: one.id):
        yield ["0150", str(entity.id), entity.name, "01058", "", "", "", "", "", "", "", "", ""]
    yield ["0990", "?"]


def _opening(filing: Filing) -> Iterator[Record]:
    yield ["I001", "0"]
    yield ["I010", filing.book, f"{filing.layout}.00"]
    if filing.extra:
        for kind, number in (("I050", 9), ("I155", 10), ("I200", 7), ("I250", 10), ("I355", 6)):
            yield ["I020", kind, f"{number:02d}", "PROPRIO", "Campo próprio da empresa", "C"]
    name = filing.company.name
    yield [
        *("I030", "TERMO DE ABERTURA", str(filing.number), "LIVRO DIARIO", "?", name, ""),
        *(filing.cnpj, "15021978", "", "SAO PAULO", day(date(filing.end.year, 12, 31))),
    ]


def _chart(filing: Filing) -> Iterator[Record]:
    code = filing.code
    for account in filing.company.accounts:
        nature = "05" if account.type is None else _NATURES.get(account.type, "04")
        parent = "" if account.parent is None else code(account.parent)
        kind = "S" if account.is_summary else "A"
        yield _extra(
            filing,
            [
                *("I050", "01012015", nature, kind, str(account.level), code(account.code)),
                *(parent, account.name),
            ],
        )
        if account.is_summary:
            continue
        reference = f"{account.code[0]}.01.01"
        yield ["I051", *(["1"] if filing.layout <= 7 else []), "", reference]
        yield ["I052", "", line_code(account)]


def line_code(account: Account) -> str:
    """The line of the statements that an account is part of."""
    return f"L{account.code[:3]}"


def _tables(filing: Filing) -> Iterator[Record]:
    for text, history in sorted(_histories(filing).items()):
        yield ["I075", history, text]
    centers = {line.cost_center or "" for entry in _own(filing) for line in entry.lines}
    centers |= {center for _, center in opening_balances(filing)}
    for center in sorted(centers - {""}):
        yield ["I100", "01012015", center, center_name(center)]


def center_name(center: str) -> str:
    """What a cost centre is called."""
    return f"Centro {center}"


def _histories(filing: Filing) -> dict[str, str]:
    """The standard texts: what the descriptions of entries begin with, without their numbers."""
    texts = {entry.description.rpartition(" ")[0] for entry in _own(filing)}
    return {text: f"H{number:03d}" for number, text in enumerate(sorted(texts - {""}), 1)}


def _own(filing: Filing) -> list[Entry]:
    entries = filing.company.entries_between(filing.start, filing.end)
    return [entry for entry in entries if filing.part(entry)]


def months(start: date, end: date) -> Iterator[tuple[date, date]]:
    """The months of a span, cut at its ends."""
    first = start
    while first <= end:
        last = first.replace(day=monthrange(first.year, first.month)[1])
        yield first, min(last, end)
        first = last + timedelta(days=1)


def opening_balances(filing: Filing) -> dict[Key, Decimal]:
    """The balances before the file, debit-positive, by account and cost centre."""
    balances: defaultdict[Key, Decimal] = defaultdict(Decimal)
    if filing.opens:
        for account, amount in filing.company.opening.items():
            balances[account, ""] += amount
    for entry in filing.company.entries_between(date.min, filing.start - timedelta(days=1)):
        for line in entry.lines if filing.part(entry) else ():
            balances[line.account, line.cost_center or ""] += line.debit - line.credit
    return balances


def movements(filing: Filing, start: date, end: date) -> dict[Key, tuple[Decimal, Decimal]]:
    """Debits and credits of a span by account and cost centre."""
    moved: dict[Key, tuple[Decimal, Decimal]] = {}
    for entry in filing.company.entries_between(start, end):
        for line in entry.lines if filing.part(entry) else ():
            key = (line.account, line.cost_center or "")
            debit, credit = moved.get(key, (ZERO, ZERO))
            moved[key] = (debit + line.debit, credit + line.credit)
    return moved


def _balances(filing: Filing) -> Iterator[Record]:
    balances = opening_balances(filing)
    for start, end in months(filing.start, filing.end):
        yield ["I150", day(start), day(end)]
        moved = movements(filing, start, end)
        for key in sorted({*balances, *moved}):
            opening = balances.get(key, ZERO)
            debit, credit = moved.get(key, (ZERO, ZERO))
            closing = balances[key] = opening + debit - credit
            if not any((opening, debit, credit, closing)):
                continue
            account, center = key
            yield _extra(
                filing,
                [
                    *("I155", filing.code(account), center, *_side(opening)),
                    *(money(debit), money(credit), *_side(closing)),
                ],
            )
            if filing.previous is not None and start == filing.start:
                yield ["I157", filing.previous(account), center, *_side(opening)]


def _entries(filing: Filing) -> Iterator[Record]:
    histories = _histories(filing)
    for entry in _own(filing):
        kind = filing.kind(entry)
        value = sum((line.debit for line in entry.lines), ZERO)
        head = ["I200", str(entry.id), day(entry.date), money(value), kind]
        if filing.layout >= 6:
            head.append(day(filing.start - timedelta(days=30)) if kind == "X" else "")
        yield _extra(filing, head)
        standard, _, number = entry.description.rpartition(" ")
        for line in entry.lines:
            history, text = histories.get(standard, ""), number
            if line.description or not history:
                history, text = "", line.description or entry.description
            yield _extra(
                filing,
                [
                    *("I250", filing.code(line.account), line.cost_center or ""),
                    *(money(line.debit or line.credit), "D" if line.debit else "C"),
                    *(entry.document_number or "", history, text.replace("|", "/")),
                    str(entry.entity.id) if entry.entity else "",
                ],
            )


def closings(filing: Filing) -> dict[date, dict[Key, Decimal]]:
    """What the result accounts held before each closing, by account and cost centre."""
    found: dict[date, dict[Key, Decimal]] = {}
    for entry in _own(filing):
        if filing.kind(entry) == "E":
            before = found.setdefault(entry.date, defaultdict(Decimal))
            for line in entry.lines:
                account = filing.company.account(line.account)
                if account is not None and account.type in {"REVENUE", "EXPENSE"}:
                    before[line.account, line.cost_center or ""] += line.credit - line.debit
    return found


def _results(filing: Filing) -> Iterator[Record]:
    for closed, before in closings(filing).items():
        yield ["I350", day(closed)]
        for (account, center), amount in sorted(before.items()):
            yield _extra(filing, ["I355", filing.code(account), center, *_side(amount)])


def statement(filing: Filing) -> list[tuple[str, str, Decimal, Decimal]]:
    """The lines of the balance sheet: code, side, opening and closing, debit-positive."""
    balances = opening_balances(filing)
    moved = movements(filing, filing.start, filing.end)
    opening: defaultdict[str, Decimal] = defaultdict(Decimal)
    closing: defaultdict[str, Decimal] = defaultdict(Decimal)
    for key in {*balances, *moved}:
        account = filing.company.account(key[0])
        if account is not None and account.code[0] in "12":
            debit, credit = moved.get(key, (ZERO, ZERO))
            before = balances.get(key, ZERO)
            opening[line_code(account)] += before
            closing[line_code(account)] += before + debit - credit
    return [
        (code, "A" if code[1] == "1" else "P", opening[code], closing[code])
        for code in sorted({*opening, *closing})
    ]


def _statements(filing: Filing) -> Iterator[Record]:
    yield ["J001", "0"]
    yield ["J005", day(filing.start), day(filing.end), "1", ""]
    for code, side, opening, closing in statement(filing):
        name = f"Linha {code}"
        if filing.layout >= 7:
            values = [*_side(opening), *_side(closing), ""]
            yield ["J100", code, "D", "1", "", side, name, *values]
        else:
            old = [*_side(closing), *(_side(opening) if filing.layout >= 2 else ())]
            yield ["J100", code, "1", side, name, *old]
    yield from _income(filing)
    if filing.rtf:
        kind = [] if filing.rtf == "J800" else ["001"]
        yield [filing.rtf, "001", "Notas explicativas", *kind, "A" * 40, _RTF[0]]
        yield from (["RTF", line] for line in _RTF[1:])
        yield ["RTF", f"|{filing.rtf}FIM|"]
    name = filing.company.name
    yield [
        *("J900", "TERMO DE ENCERRAMENTO", str(filing.number), "LIVRO DIARIO", name, "?"),
        *(day(filing.start), day(filing.end)),
    ]
    yield [
        "J930",
        "FULANO DE TAL",
        "12345678900",
        "CONTADOR",
        "900",
        "78090",
        "",
        "",
        "",
        "",
        "",
        "N",
    ]
    yield ["J990", "?"]


def _income(filing: Filing) -> Iterator[Record]:
    profit = ZERO
    for closed, before in closings(filing).items():
        _ = closed
        profit += sum(before.values(), ZERO)
    value, side = _side(profit)
    if filing.layout >= 8:
        values = ["0", "D", value, side, "R", ""]
        yield ["J150", "1", "L3", "D", "1", "", "Resultado", *values]
    elif filing.layout == 7:
        yield ["J150", "L3", "D", "1", "", "Resultado", value, side, "R", ""]
    else:
        old = ["0", "R"] if filing.layout >= 4 else []
        yield ["J150", "L3", "1", "Resultado", value, "R" if side == "C" else "D", *old]


def _extra(filing: Filing, record: Record) -> Record:
    """Append the company's own field, if it has declared one."""
    if not filing.extra:
        return record
    widths = {"I050": 8, "I155": 9, "I200": 6, "I250": 9, "I355": 5}
    width = widths.get(record[0])
    if width is None:
        return record
    return [*record, *([""] * (width - len(record))), "próprio"]


def _side(amount: Decimal) -> tuple[str, str]:
    return money(abs(amount)), "C" if amount < 0 else "D"


def money(amount: Decimal) -> str:
    """An amount: with a decimal comma, and without where a hundred goes into it."""
    if amount and not amount % 100:
        return f"{amount:.0f}"
    return f"{amount:.2f}".replace(".", ",")


def day(when: date) -> str:
    """A date as ddmmaaaa."""
    return f"{when:%d%m%Y}"


def changed(filing: Filing, **changes: object) -> Filing:
    """The filing with some of it changed."""
    return replace(filing, **changes)  # type: ignore[arg-type]
