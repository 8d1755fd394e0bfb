"""The Excel file: what the page shows of its first period, with numbers and formulas in the totals.

Every text is written as a text, so that none is taken for a formula. Excel reckons in binary floats
of about 15 digits; an amount that has more stands as a text with all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from typing_extensions import Self
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range

from close_report.advice import advice
from close_report.amounts import Written, matters, total
from close_report.books import Books
from close_report.group import Group
from close_report.language import Language
from close_report.matrix import Matrix
from close_report.payload import RESULT, objections
from close_report.periods import Period
from close_report.status import state_names
from close_report.text import harmless

_DIGITS: Final = 15
_BALANCE: Final = '#,##0.00" D";#,##0.00" C";0.00'
_AMOUNT: Final = "#,##0.00;(#,##0.00);0.00"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_COLORS: Final = {
    "signed": ("#0b4f3a", "#ffffff"),
    "reserved": ("#2f7d62", "#ffffff"),
    "ready": ("#a9e0c6", "#063d2b"),
    "attention": ("#ffe9a8", "#574000"),
    "changed": ("#f59e0b", "#271700"),
    "failed": ("#c2255c", "#ffffff"),
    "open": ("#ffffff", "#697386"),
}


class _Sheet:
    """A sheet that grows by rows, with its headings frozen."""

    def __init__(self, workbook: Workbook, title: str, columns: Sequence[tuple[str, int]]) -> None:
        self._workbook = workbook
        self.sheet = workbook.file.add_worksheet(title)
        self.row = 1
        for place, (label, width) in enumerate(columns):
            self.sheet.write_string(0, place, label, workbook.formats["head"])
            self.sheet.set_column(place, place, width)
        self.sheet.freeze_panes(1, 0)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(0)
        self.width = len(columns)

    def add(self, cells: Sequence[Any], look: str = "amount", *, bold: bool = False) -> None:
        """Add a row: texts as texts, amounts as numbers, None as nothing."""
        for place, value in enumerate(cells):
            self.write(self.row, place, value, look, bold=bold)
        self.row += 1

    def write(self, row: int, place: int, value: Any, look: str, *, bold: bool = False) -> None:  # noqa: ANN401
        """Write one cell."""
        formats = self._workbook.formats
        if value is None:
            return
        if isinstance(value, Decimal):
            if len(value.normalize().as_tuple().digits) > _DIGITS:
                self.sheet.write_string(row, place, format(value, "f"), formats["exact"])
            else:
                self.sheet.write_number(row, place, value, formats[f"{look}-sum" if bold else look])
            return
        if isinstance(value, int):
            self.sheet.write_number(row, place, value, formats["count"])
            return
        text = harmless(str(value), 2000)
        kind = "quoted" if text.startswith(_FORMULA_STARTS) else "bold" if bold else "text"
        self.sheet.write_string(row, place, text, formats[kind])

    def total(self, label: str, sums: Sequence[tuple[int, str, Decimal]], look: str) -> None:
        """Add a row of formulas: a column, a formula, and the value it has."""
        self.sheet.write_string(self.row, 0, label, self._workbook.formats["total"])
        for place in range(1, self.width):
            self.sheet.write_blank(self.row, place, None, self._workbook.formats["total"])
        for place, formula, value in sums:
            self.sheet.write_formula(
                self.row, place, formula, self._workbook.formats[f"{look}-total"], float(value)
            )
        self.row += 1

    def close(self) -> None:
        """Let every column be filtered."""
        if self.row > 1:
            self.sheet.autofilter(0, 0, self.row - 1, self.width - 1)


class Workbook:
    """Takes the companies one by one."""

    def __init__(self, path: Path, spoken: Language, matrix: Matrix, shown: Period | None) -> None:
        """Begin the file, which is there when it is complete."""
        self.path = path
        self._half = path.with_name(path.name + ".part")
        self.file = xlsxwriter.Workbook(
            str(self._half),
            {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
        )
        self.formats = self._looks()
        self._spoken = spoken
        self._matrix = matrix
        self._end = shown.end if shown else date.max
        self._sheets: list[_Sheet] = []
        self._kept: dict[str, Books] = {}
        _ = spoken
        company, code, name = (_("Company"), 30), (_("Code"), 16), (_("Account"), 44)
        kind = (_("A/S"), 6)
        self._add_matrix()
        self._trial = self._sheet(
            _("Trial balance"), company, code, name, kind,
            *((label, 18) for label in (
                _("Opening balance"), _("Debit"), _("Credit"), _("Closing balance"),
                _("Closing entries"), _("Before closing"),
            )),
        )  # fmt: skip
        self._income = self._sheet(
            _("Income statement"), company, code, name, kind,
            *((label, 18) for label in (_("Period"), _("Year to date"), _("Year before, to date"))),
        )  # fmt: skip
        self._balance = self._sheet(
            _("Balance sheet"), company, code, name, kind, (_("Side"), 10), (_("Balance"), 18)
        )
        self._centers = self._sheet(
            _("Cost centres"), company, (_("Cost centre"), 24), code,
            (_("Period"), 18), (_("Year to date"), 18),
        )  # fmt: skip
        self._postings = self._sheet(
            _("Postings"), company, code, (_("Date"), 12), (_("Entry"), 22), (_("Description"), 50),
            (_("Document"), 18), (_("Customer or supplier"), 28), (_("Cost centre"), 16),
            (_("Debit"), 18), (_("Credit"), 18),
        )  # fmt: skip
        self._findings = self._sheet(
            _("Findings"), company, (_("Severity"), 10), (_("Finding"), 40), (_("Message"), 90),
            (_("What to do"), 60),
        )  # fmt: skip
        self._changes = self._sheet(
            _("What changed"), company, (_("Period"), 20), code,
            *((label, 18) for label in (
                _("Debit before"), _("Debit after"), _("Credit before"), _("Credit after"),
                _("Difference"),
            )),
            (_("Seen on"), 18),
        )  # fmt: skip

    def __enter__(self) -> Self:
        """The file is open already."""
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        """Complete the file, or leave none where something failed."""
        self.file.close()
        if failed is None:
            self._half.replace(self.path)
        else:
            self._half.unlink(missing_ok=True)

    def add(self, books: Books) -> None:
        """Keep a company's period, until all companies are there to be put in order."""
        self._kept[books.company_id] = books.of(self._end)

    def _add_books(self, books: Books) -> None:
        """Add a company's period to each sheet."""
        end = self._end
        name = self._matrix.companies[books.company_id]
        self._add_trial(name, books)
        self._add_income(name, books)
        self._add_balance(name, books)
        self._add_centers(name, books)
        for posting in books.postings.get(end, ()):
            self._postings.add(
                [
                    name, posting.account_code, self._spoken.date(posting.transaction_date),
                    posting.entry_id, posting.description, posting.document, posting.entity_name,
                    posting.cost_center, Decimal(posting.debit_amount),
                    Decimal(posting.credit_amount),
                ]
            )  # fmt: skip
        for finding in books.findings.get(end, ()):
            said = advice(finding.code, self._spoken)
            severity = (
                self._spoken("error") if finding.severity == "error" else self._spoken("warning")
            )
            self._findings.add(
                [
                    name, severity, said.title, finding.message, said.todo,
                ]
            )  # fmt: skip
        for row in books.restatements:
            period = next(
                (one for one in self._matrix.periods if one.end == row.period_end),
                Period(row.period_end, row.period_end),
            )
            self._changes.add(
                [
                    name, self._spoken.period(period), row.account_code, row.debit_before,
                    row.debit_after, row.credit_before, row.credit_after, row.delta,
                    self._spoken.moment(row.first_seen_at) if row.first_seen_at else None,
                ]
            )  # fmt: skip

    def finish(self, group: Group) -> None:
        """Add the companies in the order of their names, the consolidation and the signatures."""
        for company in self._matrix.companies:
            if company in self._kept:
                self._add_books(self._kept.pop(company))
        self._add_group(group)
        self._add_signoffs()
        for sheet in self._sheets:
            sheet.close()

    def _sheet(self, title: str, *columns: tuple[str, int]) -> _Sheet:
        sheet = _Sheet(self, title, columns)
        self._sheets.append(sheet)
        return sheet

    def _add_matrix(self) -> None:
        _ = self._spoken
        periods = self._matrix.periods
        columns = [
            (_("Company"), 34),
            (_("Currency"), 9),
            *((f"{period.end:%Y-%m}", 11) for period in periods),
        ]
        sheet = self._sheet(_("Overview"), *columns)
        sheet.sheet.freeze_panes(1, 2)
        named = state_names(_)
        for company, name in self._matrix.companies.items():
            sheet.write(sheet.row, 0, name, "text")
            sheet.write(sheet.row, 1, self._matrix.currencies.get(company), "text")
            for place, cell in enumerate(self._matrix.row(company), 2):
                if cell is not None:
                    state = cell.state.value
                    sheet.sheet.write_string(
                        sheet.row, place, named[cell.state], self.formats[f"state-{state}"]
                    )
            sheet.row += 1

    def _add_trial(self, name: str, books: Books) -> None:
        columns = (
            "net_opening", "debit", "credit", "net_closing", "closing_entries",
            "net_before_closing",
        )  # fmt: skip
        rows = [row for row in books.balances.get(self._end, ()) if _any(row, columns)]
        self._add_accounts(self._trial, name, rows, columns, "balance")

    def _add_income(self, name: str, books: Books) -> None:
        columns = ("month_amount", "ytd_amount", "prior_year_ytd_amount")
        rows = [row for row in books.income.get(self._end, ()) if _any(row, columns)]
        self._add_accounts(self._income, name, rows, columns, "amount")

    def _add_accounts(
        self, sheet: _Sheet, name: str, rows: Sequence[Any], columns: Sequence[str], look: str
    ) -> None:
        """Add accounts, and a row that sums up the analytic ones among them."""
        if not rows:
            return
        first = sheet.row
        for row in rows:
            amounts = [_number(getattr(row, column)) for column in columns]
            sheet.add(
                [name, row.account_code, row.account_name, _kind(row.is_summary), *amounts],
                look,
                bold=row.is_summary,
            )
        kinds = xl_range(first, 3, sheet.row - 1, 3)
        sums = []
        for place, column in enumerate(columns, 4):
            amounts = xl_range(first, place, sheet.row - 1, place)
            value = total(getattr(row, column) for row in rows if not row.is_summary)
            sums.append((place, f'=SUMIFS({amounts},{kinds},"A")', value))
        sheet.total(self._spoken("Sum of {company}", company=name), sums, look)

    def _add_balance(self, name: str, books: Books) -> None:
        _ = self._spoken
        rows = [
            row
            for row in books.sheet.get(self._end, ())
            if matters(row.amount) or row.account_code == RESULT
        ]
        if not rows:
            return
        sides = {"ASSET": _("Assets"), "LIABILITY": _("Liabilities"), "EQUITY": _("Equity")}
        sheet = self._balance
        first = sheet.row
        for row in rows:
            title = _("Result not yet closed") if row.account_code == RESULT else row.account_name
            side = sides.get(row.account_type or "", row.account_type)
            sheet.add(
                [name, row.account_code, title, _kind(row.is_summary), side, Decimal(row.amount)],
                bold=row.is_summary,
            )
        amounts, kinds, types = (xl_range(first, at, sheet.row - 1, at) for at in (5, 3, 4))
        for types_of_side, label in (
            (("ASSET",), _("Total assets of {company}", company=name)),
            (
                ("LIABILITY", "EQUITY"),
                _("Total liabilities and equity of {company}", company=name),
            ),
        ):
            formula = "+".join(
                f'SUMIFS({amounts},{kinds},"A",{types},"{sides[one]}")' for one in types_of_side
            )
            value = total(
                row.amount
                for row in rows
                if not row.is_summary and row.account_type in types_of_side
            )
            sheet.total(label, [(5, f"={formula}", value)], "amount")

    def _add_centers(self, name: str, books: Books) -> None:
        rows = [
            row
            for row in books.centers.get(self._end, ())
            if matters(row.month_amount, row.ytd_amount)
        ]
        if not rows:
            return
        sheet = self._centers
        first = sheet.row
        for row in rows:
            center = self._spoken("Without a cost centre")
            if row.cost_center != "(none)":
                center = row.cost_center
            month, ytd = Decimal(row.month_amount), Decimal(row.ytd_amount)
            sheet.add([name, center, row.account_code, month, ytd])
        sheet.total(
            self._spoken("Sum of {company}", company=name),
            [
                (place, f"=SUM({xl_range(first, place, sheet.row - 1, place)})", total(amounts))
                for place, amounts in (
                    (3, [row.month_amount for row in rows]),
                    (4, [row.ytd_amount for row in rows]),
                )
            ],
            "amount",
        )

    def _add_group(self, group: Group) -> None:
        _ = self._spoken
        sheet = self._sheet(
            _("Consolidation"), (_("Code"), 16), (_("Account of the group"), 44),
            *((label, 18) for label in (_("Aggregated"), _("Eliminated"), _("Consolidated"))),
        )  # fmt: skip
        for statement, label in (("BS", _("Sum of the balances")), ("PL", _("Result"))):
            rows = [
                row
                for row in group.consolidated.get(self._end, ())
                if (group.statement(row.group_account) == "PL") is (statement == "PL")
            ]
            look = "amount" if statement == "PL" else "balance"
            first = sheet.row
            for row in rows:
                amounts = (row.aggregated, row.eliminated, row.consolidated)
                sheet.add([row.group_account, group.name(row.group_account), *amounts], look)
            if rows:
                columns = zip(
                    *((r.aggregated, r.eliminated, r.consolidated) for r in rows), strict=True
                )
                sums = [
                    (place, f"=SUM({xl_range(first, place, sheet.row - 1, place)})", total(amounts))
                    for place, amounts in enumerate(columns, 2)
                ]
                sheet.total(label, sums, look)
        names = self._matrix.companies
        sheet = self._sheet(
            _("Eliminations"), (_("Account of the group"), 40), (_("Company"), 30), (_("With"), 30),
            (_("Amount"), 18), (_("Difference"), 18),
        )  # fmt: skip
        for pair in group.eliminations.get(self._end, ()):
            other = pair.counterparty_company_id
            sheet.add(
                [
                    group.name(pair.group_account), names.get(pair.company_id, pair.company_id),
                    names.get(other, other), pair.amount, pair.difference,
                ],
                "amount" if group.statement(pair.group_account) == "PL" else "balance",
            )  # fmt: skip

    def _add_signoffs(self) -> None:
        _ = self._spoken
        sheet = self._sheet(
            _("Signatures"), (_("Company"), 30), (_("Period"), 22), (_("Action"), 14),
            (_("By"), 28), (_("When"), 18), (_("Note"), 50), (_("Signed although"), 40),
            (_("Accounts"), 10), (_("Debit"), 18), (_("Credit"), 18), (_("Digest"), 68),
        )  # fmt: skip
        names = self._matrix.companies
        for row in self._matrix.signoffs:
            action = _("signed") if row.action == "SIGN" else _("withdrawn")
            sheet.add(
                [
                    names.get(row.company_id, row.company_id),
                    _.period(Period(row.period_start, row.period_end)), action, row.signed_by,
                    _.moment(row.signed_at), row.note, objections(row.objections, _),
                    row.account_count, row.total_debit, row.total_credit, row.digest,
                ]
            )  # fmt: skip

    def _looks(self) -> dict[str, Format]:
        make = self.file.add_format
        base = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
        looks = {
            "head": make(
                {**base, "bold": True, "bottom": 1, "text_wrap": True, "bg_color": "#f0f2f6"}
            ),
            "text": make({**base}),
            "bold": make({**base, "bold": True}),
            "quoted": make({**base, "quote_prefix": True}),
            "exact": make({**base, "align": "right"}),
            "count": make({**base, "num_format": "0"}),
            "total": make({**base, "bold": True, "top": 1}),
        }
        for look, pattern in (("balance", _BALANCE), ("amount", _AMOUNT)):
            looks[look] = make({**base, "num_format": pattern})
            looks[f"{look}-sum"] = make({**base, "num_format": pattern, "bold": True})
            looks[f"{look}-total"] = make({**base, "num_format": pattern, "bold": True, "top": 1})
        for state, (ground, ink) in _COLORS.items():
            looks[f"state-{state}"] = make({**base, "bg_color": ground, "font_color": ink})
        return looks


def _kind(is_summary: bool) -> str:  # noqa: FBT001 - a column's value
    # Analítica, sintética: the letters that Brazilian charts of accounts have.
    return "S" if is_summary else "A"


def _any(row: object, columns: Sequence[str]) -> bool:
    return matters(*(getattr(row, column) for column in columns))


def _number(amount: Written | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)
