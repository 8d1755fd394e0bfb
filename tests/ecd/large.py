"""A file of any size, written piece by piece: the entries of a small one, again and again."""

from __future__ import annotations

from pathlib import Path

from ecd.reading import filing
from ecd.writer import write


def write_large(path: Path, times: int) -> int:
    """Write a file with the entries of a year `times` over, each time with numbers of its own.

    Balances and counts are not those of the entries any more: what is read is the same.

    Returns:
        How many records of the journal it has.
    """
    lines = write(filing()).split(b"\r\n")
    first = next(place for place, one in enumerate(lines) if one.startswith(b"|I200|"))
    last = next(place for place, one in enumerate(lines) if one.startswith(b"|I350|"))
    journal = lines[first:last]
    with path.open("wb") as file:
        file.write(b"\r\n".join(lines[:first]) + b"\r\n")
        # Month by month, as programs write it.
        months: dict[bytes, list[bytes]] = {}
        for line in journal:
            if line.startswith(b"|I200|"):
                month = months.setdefault(line.split(b"|")[3][2:], [])
            month.append(line)
        for kept in months.values():
            text = b"\r\n".join(kept) + b"\r\n"
            for number in range(times):
                file.write(text.replace(b"|I200|", b"|I200|%d-" % number))
        file.write(b"\r\n".join(lines[last:]))
    return len(journal) * times
