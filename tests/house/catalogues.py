"""The gettext catalogues: every text that a program says, and its translation.

`python -m house.catalogues --write` reads the texts from the sources into the catalogues and keeps
the translations that are there; new texts stand there without one, until somebody who knows the
words of accountants writes it. Without `--write` it only says whether something is missing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import msgspec
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PROJECT = Path(__file__).parents[2]
# Babel's own reader of JavaScript loses its way in expressions within templates.
IN_SCRIPT = re.compile(r'(?<!\w)_\("([^"\\]+)"')
PLACEHOLDER = re.compile(r"\{(\w*)[^{}]*\}")


class Catalogued(msgspec.Struct, frozen=True):
    """A package whose texts are translated, and the functions that take them."""

    package: Path
    functions: Mapping[str, tuple[int, ...] | None]
    """By their names, with the place of the text among the arguments where it is not the first."""

    def __str__(self) -> str:
        """The package's name."""
        return self.package.name

    @property
    def files(self) -> list[Path]:
        """Its catalogues."""
        return sorted(self.package.glob("locale/*/LC_MESSAGES/*.po"))

    def texts(self) -> Catalog:
        """Every text in its sources, without translations."""
        found = Catalog(charset="utf-8", fuzzy=False)
        methods = [("**.py", "python"), ("templates/**.j2", "jinja2")]
        for _file, _line, text, _comments, _context in extract_from_dir(
            self.package, method_map=methods, keywords=self.functions
        ):
            if isinstance(text, str) and text:
                found.add(text)
        for script in self.package.rglob("*.js"):
            for text in IN_SCRIPT.findall(script.read_text(encoding="utf-8")):
                found.add(text)
        return found


CATALOGUED = [
    Catalogued(
        PROJECT / "analyze" / "close-report" / "close_report",
        dict.fromkeys(("_", "N_", "language", "spoken", "_spoken")),
    ),
    *(
        Catalogued(package, {"told": None, "finding": (2,), "InvalidValue": (2,), "LeftOut": (3,)})
        for package in (
            PROJECT / "shared" / "erp_common",
            *sorted(PROJECT.glob("taps/tap-*/tap_*")),
        )
    ),
]


def read(file: Path) -> Catalog:
    """A catalogue as it lies there."""
    with file.open("rb") as opened:
        return read_po(opened)


def updated(catalogued: Catalogued, file: Path) -> str:
    """The catalogue's text with every text of the sources, in the order of the alphabet."""
    translated = {message.id: message.string for message in read(file) if message.id}
    fresh = Catalog(locale=file.parts[-3], charset="utf-8", fuzzy=False)
    for message in catalogued.texts():
        if message.id:
            fresh.add(message.id, translated.get(message.id, ""))
    written = BytesIO()
    write_po(written, fresh, width=100, sort_output=True, no_location=True, omit_header=True)
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    return head + written.getvalue().decode()


def untranslated(file: Path) -> list[str]:
    """The texts without a translation."""
    return [str(message.id) for message in read(file) if message.id and not message.string]


def placeholders(text: str) -> list[str]:
    """The names in braces that a text has values filled in for."""
    return sorted(PLACEHOLDER.findall(text))


def main() -> None:
    """Write the catalogues, or say what is out of date and fail."""
    parser = argparse.ArgumentParser(prog="python -m house.catalogues", description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    wrong = []
    for catalogued in CATALOGUED:
        for file in catalogued.files:
            text = updated(catalogued, file)
            if text != file.read_text(encoding="utf-8"):
                wrong.append(f"{file.relative_to(PROJECT)} is out of date")
                if write:
                    file.write_text(text, encoding="utf-8")
            wrong += [f"no translation of: {text}" for text in untranslated(file)]
    print(*wrong, sep="\n")
    sys.exit(bool(wrong) and not write)


if __name__ == "__main__":
    main()
