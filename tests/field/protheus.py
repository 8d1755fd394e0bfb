"""What Protheus answers through genericQuery: its tables, asked with the very SQL a tap sends."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from field.server import Answer, Call, Script

COLUMNS = {
    "CT1": "CT1_FILIAL CT1_CONTA CT1_DESC01 CT1_CLASSE CT1_NORMAL CT1_CTASUP CT1_NATCTA CT1_NTSPED"
    " CT1_RES CT1_BLOQ",
    "CQ0": "CQ0_FILIAL CQ0_CONTA CQ0_DATA CQ0_MOEDA CQ0_TPSALD CQ0_LP CQ0_DEBITO CQ0_CREDIT",
    "CT2": "CT2_FILIAL CT2_DATA CT2_LOTE CT2_SBLOTE CT2_DOC CT2_LINHA CT2_MOEDLC CT2_DC CT2_DEBITO"
    " CT2_CREDIT CT2_VALOR CT2_HIST CT2_CCD CT2_CCC CT2_ITEMD CT2_ITEMC CT2_CLVLDB CT2_CLVLCR"
    " CT2_TPSALD CT2_ORIGEM CT2_KEY CT2_DTLP CT2_SEQLAN CT2_SEQHIS CT2_EMPORI CT2_FILORI"
    " CT2_ROTINA CT2_DTCV3",
}
NUMBERS = {"CQ0_DEBITO", "CQ0_CREDIT", "CT2_VALOR"}
WIDTHS = {"CT1_CONTA": 20, "CT1_DESC01": 40, "CT2_HIST": 40, "CT2_DEBITO": 20, "CT2_CREDIT": 20}
PATH = "/api/framework/v1/genericQuery"
Row = Mapping[str, Any]


@dataclass
class Protheus:
    """The rows of CT1, CQ0 and CT2; a column that a row does not name is blank, or zero."""

    tables: dict[str, Sequence[Row]]
    has_next: tuple[Any, Any] = (True, False)
    """How "more" and "no more" are written; TOTVS has it as boolean, number and text."""
    page_size_default: int = field(default=10)

    def script(self) -> Script:
        """The answers of genericQuery."""
        script = Script()
        script.on("GET", PATH, self._query)
        return script

    def _query(self, call: Call) -> Answer:
        asked = {name.lower(): value for name, value in call.query.items()}
        size = int(asked.get("pagesize") or self.page_size_default)
        page = int(asked.get("page") or 1)
        sql = f"select {asked.get('fields') or '*'} from {asked['tables']}"  # noqa: S608
        if asked.get("where"):
            sql += f" where {asked['where']}"
        if asked.get("order"):
            sql += f" order by {asked['order']}"
        sql += f" limit {size + 1} offset {(page - 1) * size}"
        database = self._database()
        try:
            cursor = database.execute(sql)
            names = [column[0].lower() for column in cursor.description]
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            return Answer({"code": 500, "message": str(error)}, status=500)
        finally:
            database.close()
        items = [dict(zip(names, row, strict=True)) for row in rows[:size]]
        more, none = self.has_next
        return Answer({"items": items, "hasNext": more if len(rows) > size else none})

    def _database(self) -> sqlite3.Connection:
        database = sqlite3.connect(":memory:")
        for table, columns in COLUMNS.items():
            names = columns.split()
            kinds = [
                f"{name} {'numeric' if name in NUMBERS else 'text collate rtrim'}" for name in names
            ]
            kinds += ["D_E_L_E_T_ text collate rtrim", "R_E_C_N_O_ integer"]
            database.execute(f"create table {table} ({', '.join(kinds)})")
            marks = ", ".join("?" * len(kinds))
            for number, row in enumerate(self.tables.get(table, ()), 1):
                values = [_value(name, row) for name in names]
                database.execute(
                    f"insert into {table} values ({marks})",  # noqa: S608 - names of our own
                    [*values, " ", number],
                )
        return database


def _value(name: str, row: Row) -> Any:
    if name in NUMBERS:
        return row.get(name, 0)
    return str(row.get(name, "")).ljust(WIDTHS.get(name, 1))


def chart(code: str, name: str, **more: str) -> Row:
    """An analytic account of CT1 with a debit nature, unless told otherwise."""
    return {
        "CT1_CONTA": code,
        "CT1_DESC01": name,
        "CT1_CLASSE": "2",
        "CT1_NORMAL": "1",
        "CT1_CTASUP": "",
        "CT1_NATCTA": "01",
    } | more


def month(code: str, day: str, debit: Any, credit: Any, **more: str) -> Row:
    """What an account moved in a month, at its last day."""
    return {
        "CQ0_CONTA": code,
        "CQ0_DATA": day,
        "CQ0_MOEDA": "01",
        "CQ0_TPSALD": "1",
        "CQ0_LP": "N",
        "CQ0_DEBITO": debit,
        "CQ0_CREDIT": credit,
    } | more


def entry(line: str, kind: str, value: Any, debit: str = "", credit: str = "", **more: str) -> Row:
    """A line of CT2 on 15 January 2024; the kind is `CT2_DC`."""
    return {
        "CT2_FILIAL": "01",
        "CT2_DATA": "20240115",
        "CT2_LOTE": "008800",
        "CT2_SBLOTE": "001",
        "CT2_DOC": "000001",
        "CT2_LINHA": line,
        "CT2_MOEDLC": "01",
        "CT2_DC": kind,
        "CT2_DEBITO": debit,
        "CT2_CREDIT": credit,
        "CT2_VALOR": value,
        "CT2_HIST": "recebimento",
        "CT2_TPSALD": "1",
        "CT2_SEQLAN": line,
    } | more
