"""`close-report status`: the matrix as text, as JSON, and in a few words for a mail or a chat."""

from __future__ import annotations

import json
from itertools import groupby

from close_report.language import N_, Language
from close_report.matrix import Cell, Ecd, Matrix, State
from close_report.text import plain

GLYPHS = {
    State.CHANGED: "R",
    State.FAILED: "X",
    State.RESERVED: "s",
    State.SIGNED: "S",
    State.ATTENTION: "!",
    State.READY: "+",
    State.OPEN: "o",
}
_MAX_NAME = 40
_MAX_LINES = 20


def state_names(language: Language) -> dict[State, str]:
    """What each state is called."""
    _ = language
    return {
        State.CHANGED: _("changed since signed"),
        State.FAILED: _("does not tie out"),
        State.RESERVED: _("signed with reservations"),
        State.SIGNED: _("signed"),
        State.ATTENTION: _("needs attention"),
        State.READY: _("ready to sign"),
        State.OPEN: _("open"),
    }


def table(matrix: Matrix, language: Language) -> str:
    """The matrix in letters, with a legend and a line for each signed period that has changed."""
    _ = language
    if not matrix.cells:
        return _("There is no period yet: run the taps and `dbt build` first.") + "\n"
    width = min(_MAX_NAME, max(map(len, (*matrix.companies.values(), _("Company")))))
    shorts = [language.short(period) for period in matrix.periods]
    columns = [max(3, len(short)) for short in shorts]
    years = "".join(
        f" {year:<{sum(columns[index] + 1 for index, _p in members) - 1}}"
        for year, members in (
            (year, list(group))
            for year, group in groupby(enumerate(matrix.periods), key=lambda item: item[1].end.year)
        )
    )
    lines = [
        f"{'':{width}}{years}".rstrip(),
        f"{_('Company'):{width}}"
        + "".join(f" {short:>{size}}" for short, size in zip(shorts, columns, strict=True)),
    ]
    for company, name in matrix.companies.items():
        marks = [GLYPHS[cell.state] if cell else "." for cell in matrix.row(company)]
        lines.append(
            f"{_cut(name, width):{width}}"
            + "".join(f" {mark:>{size}}" for mark, size in zip(marks, columns, strict=True))
        )
    named = state_names(language)
    shown = {cell.state for cell in matrix.cells.values()}
    lines += [
        "",
        "  ".join(f"{GLYPHS[state]} {named[state]}" for state in GLYPHS if state in shown),
    ]
    lines += ["", *(changed_line(cell, matrix, language) for cell in matrix.changed)]
    return "\n".join(lines).rstrip() + "\n"


def brief(matrix: Matrix, language: Language) -> str:
    """A few lines for a mail or a chat: how far the last period is, and what needs somebody."""
    _ = language
    if not matrix.cells:
        return _("There is no period yet: run the taps and `dbt build` first.") + "\n"
    closed = [cell for cell in matrix.cells.values() if not cell.is_open]
    lines = []
    if closed:
        last = max(cell.period.end for cell in closed)
        cells = [cell for cell in closed if cell.period.end == last]
        lines.append(
            _.counted(
                N_("Close of {period}: {signed} of {number} company signed, {tied} tied out."),
                N_("Close of {period}: {signed} of {number} companies signed, {tied} tied out."),
                len(matrix.companies),
                period=language.period(cells[0].period),
                signed=sum(cell.signoff is not None for cell in cells),
                tied=sum(
                    bool(cell.status.is_balanced and cell.status.is_reconciled) for cell in cells
                ),
            )
        )
    wrong = [changed_line(cell, matrix, language) for cell in matrix.changed]
    wrong += [failed_line(cell, matrix, language) for cell in closed if cell.state is State.FAILED]
    lines += wrong[:_MAX_LINES]
    if len(wrong) > _MAX_LINES:
        lines.append(_("… and {number} more.", number=len(wrong) - _MAX_LINES))
    if not wrong:
        lines.append(_("Nothing has changed since it was signed."))
    return "\n".join(lines) + "\n"


def as_json(matrix: Matrix) -> str:
    """The matrix for machines: one object for each company and period, and `changed` for all."""
    cells = [_described(cell, matrix) for cell in matrix.cells.values()]
    return json.dumps(
        {"changed": any(cell.changed for cell in matrix.cells.values()), "periods": cells},
        ensure_ascii=False,
        indent=1,
    )


def changed_line(cell: Cell, matrix: Matrix, language: Language) -> str:
    """A sentence on a signed period that has changed."""
    signoff = cell.signoff
    return language(
        "{company}, {period}: changed since {name} signed it on {when}.",
        company=matrix.companies[cell.company_id],
        period=language.period(cell.period),
        name=language.text(signoff.signed_by if signoff else None),
        when=language.moment(signoff.signed_at if signoff else None),
    )


def failed_line(cell: Cell, matrix: Matrix, language: Language) -> str:
    """A sentence on a closed period that does not tie out."""
    message = (
        N_("{company}, {period}: the postings do not reconcile with the trial balance.")
        if cell.status.is_balanced
        else N_("{company}, {period}: the trial balance does not balance.")
    )
    return language(
        message,
        company=matrix.companies[cell.company_id],
        period=language.period(cell.period),
    )


def _described(cell: Cell, matrix: Matrix) -> dict[str, object]:
    signoff = cell.signoff
    return {
        "company_id": cell.company_id,
        "company_name": matrix.companies[cell.company_id],
        "period_start": cell.period.start.isoformat(),
        "period_end": cell.period.end.isoformat(),
        "state": cell.state.value,
        "is_open": cell.is_open,
        "is_balanced": cell.status.is_balanced,
        "is_reconciled": cell.status.is_reconciled,
        "issue_count": cell.issues,
        "error_count": cell.errors,
        "restated_accounts": cell.restated,
        "ecd": None if cell.ecd is Ecd.NONE else cell.ecd.value,
        "extracted_at": cell.status.extracted_at.isoformat() if cell.status.extracted_at else None,
        "changed_since_signed": cell.changed,
        "signed_by": signoff.signed_by if signoff else None,
        "signed_at": signoff.signed_at.isoformat() if signoff else None,
        "signed_anyway": signoff.objections if signoff else None,
        "note": signoff.note if signoff else None,
        "total_debit": plain(signoff.total_debit) if signoff else None,
        "total_credit": plain(signoff.total_credit) if signoff else None,
    }


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
