"""Books as they are filed: an ECD for each company and calendar year."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from weakref import finalize

from ecd.writer import Filing, write
from simulator import Company, Entry


def cnpj(company: Company) -> str:
    """A CNPJ made of the company's id."""
    return f"{int(company.id):08d}000181"


def file_start(company: Company, year: int) -> date:
    """The first day of a year's file: that of the year, or of the books' first month."""
    first = company.entries[0].date
    return date(year, first.month if first.year == year else 1, 1)


def entry_id(company: Company, entry: Entry) -> str:
    """What the entry is called in the streams: its number is unique in its file alone."""
    return f"{file_start(company, entry.date.year):%Y%m%d}-{entry.id}"


def filings(company: Company) -> Iterator[Filing]:
    """What the company has filed: every year of its books, to the end of their last month."""
    last = company.entries[-1].date
    end = last.replace(day=monthrange(last.year, last.month)[1])
    for year in range(company.entries[0].date.year, last.year + 1):
        yield Filing(
            company,
            file_start(company, year),
            min(end, date(year, 12, 31)),
            cnpj=cnpj(company),
            kind=lambda entry: "E" if entry.closes else "N",
        )


class Files:
    """The files of some companies, in a folder that ends with this object."""

    def __init__(self) -> None:
        """Begin with an empty folder."""
        self._folder = Path(mkdtemp(prefix="filed-"))
        finalize(self, rmtree, self._folder)

    def put(self, companies: Iterable[Company]) -> str:
        """Write the files of which the books have changed; give the folder."""
        for company in companies:
            for filing in filings(company):
                file = self._folder / f"{company.id}-{filing.start.year}.txt"
                data = write(filing)
                if not file.is_file() or file.read_bytes() != data:
                    file.write_bytes(data)
        return str(self._folder)
