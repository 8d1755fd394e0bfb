"""The README's picture of the report: made here, and made anew when the page has changed."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from close_report.cli import main
from house.settings import PROJECT
from report.ledgers import Facts, before_the_change, mismatch, models, restatement
from report.looking import WIDE, Page, browser
from report.tables import create
from simulator import Books

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PICTURE = PROJECT / "docs" / "close-report.png"
START, END, TODAY = date(2024, 1, 1), date(2025, 2, 28), date(2025, 2, 10)
NOVEMBER, DECEMBER = date(2024, 11, 30), date(2024, 12, 31)
KEYWORD = b"Source"
"""Names the text in the picture that says which page it was made of."""
HEAD = 33
"""Bytes of a PNG's signature and its first chunk, after which texts may stand."""


def holding(folder: Path) -> Path:
    """A holding's page in which there is something of every kind."""
    names = ("aurora", "bela", "cataratas", "dom pedro")
    books = Books.generate(
        companies=list(names), start=START, end=END, entries_per_month=8, year_end_closing=True
    )
    facts = Facts(
        unreconciled={("bela", date(2025, 1, 31))},
        unread={("cataratas", date(2024, 3, 31))},
        ecd={(name, DECEMBER): "EQUAL" for name in names[:3]},
        findings=[mismatch("bela", date(2025, 1, 31))],
        restatements=[restatement(books, "aurora", NOVEMBER)],
    )
    rows = models(books, START, END, facts)
    address = f"duckdb:///{folder / 'warehouse.duckdb'}"
    create(address, before_the_change(rows, "aurora", NOVEMBER), folder)
    where = ["--database", address, "--as-of", TODAY.isoformat()]
    for name in names:
        for month in range(1, 12 if name == "cataratas" else 13):
            period = ["--period", f"2024-{month:02d}", "--by", "Ana Souza"]
            assert main(["sign", *where, "--company", name, *period, "--anyway"]) == 0
    create(address, rows, folder)
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        # The page, and so the picture, is the same whenever it is made.
        connection.exec_driver_sql(
            "update close.close_signoffs set signed_at = timestamptz '2025-01-08 12:40:00Z'"
        )
    engine.dispose()
    assert main(["render", *where, "--out", str(folder / "page")]) == 0
    return folder / "page" / "index.html"


def named(picture: bytes, source: str) -> bytes:
    """The picture, which says what it was made of."""
    body = b"tEXt" + KEYWORD + b"\0" + source.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return picture[:HEAD] + chunk + picture[HEAD:]


def test_the_picture_is_of_this_page(tmp_path: Path) -> None:
    index = holding(tmp_path)
    source = hashlib.sha256(index.read_bytes()).hexdigest()
    if PICTURE.exists() and source.encode() in PICTURE.read_bytes()[HEAD : HEAD + 200]:
        return
    with browser(tmp_path / "profile", WIDE) as driver:
        page = Page(driver, index)
        page.open()
        height = page.run("return document.querySelector('main').getBoundingClientRect().bottom")
        clip = {"x": 0, "y": 0, "width": WIDE[0], "height": height, "scale": 1}
        taken = driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
        )
    PICTURE.write_bytes(named(base64.b64decode(taken["data"]), source))
    pytest.fail(f"The picture was of another page and is made anew: look at {PICTURE.name}.")
