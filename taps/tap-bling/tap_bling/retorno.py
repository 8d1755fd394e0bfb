"""The XML of Bling v2: everything inside `retorno`, read without DTDs and entities."""

from __future__ import annotations

import re
from typing import Any, Generic, TypeVar
from xml.etree.ElementTree import Element, ParseError  # what defusedxml gives back and raises

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from erp_common.errors import ERPValidationError
from erp_common.extract.listing import Batch, Page, must_be_known
from erp_common.http.answer import (
    Answer,
    BoundExceeded,
    Undecodable,
    WrongShapeError,
    decoded,
)
from erp_common.ledger.normalize import shown

Row = TypeVar("Row")


MAX_SIGNS = 500_000
"""Of the signs that open or close an element or give it an attribute: each costs memory."""


def parse(answer: Answer) -> Element:
    """The element `retorno` of an answer.

    Raises:
        ERPValidationError: It declares a document type or entities, or is another document.
        Undecodable: It is no XML.
        BoundExceeded: It is too large.
    """
    if answer.content_type == "text/html":
        raise Undecodable("XML")
    try:
        root: Element = fromstring(_bounded(_in_its_charset(answer)), forbid_dtd=True)
    except DefusedXmlException:
        raise ERPValidationError(
            "Bling's answer declares a document type or entities, which are refused because they "
            "can make a parser open files and addresses; check base_url.",
        ) from None
    except (ParseError, ValueError, LookupError) as error:  # the last two: an odd encoding
        raise Undecodable("XML", str(error)) from None
    if root.tag != "retorno":
        raise ERPValidationError(
            f"Bling's answer is an XML document {shown(root.tag)} in place of 'retorno'; check "
            "base_url and api_version.",
        )
    return root


def _bounded(document: bytes | str) -> bytes | str:
    """The document, if it is no larger in memory than an answer may be.

    Raises:
        BoundExceeded: It has far more elements than a page.
    """
    if isinstance(document, str):
        signs = document.count("<") + document.count("=")
    else:
        signs = document.count(b"<") + document.count(b"=")
    if signs > MAX_SIGNS:
        raise BoundExceeded(f"more than {MAX_SIGNS:,} elements")
    return document


def _in_its_charset(answer: Answer) -> bytes | str:
    """The document from its first sign on, for a parser that knows no header.

    Blank lines before the declaration are no part of a document. A charset inside it counts; one
    that the header alone names is undone here.
    """
    body = answer.read().removeprefix(b"\xef\xbb\xbf").lstrip()
    declared = re.match(rb"<\?xml[^>]*\bencoding\s*=", body)
    if declared or answer.charset in {"utf-8", "utf8"}:
        return body
    return decoded(body, answer.charset)


def errors_of(root: Element) -> list[tuple[str, str]]:
    """Codes and words of the errors, however they are nested; none if it holds no `erros`."""
    found = root.find("erros")
    if found is None:
        return []
    errors = [
        (_text(one.find("cod")), _text(one.find("msg")))
        for one in found.iter()
        if one.find("cod") is not None or one.find("msg") is not None
    ]
    return errors or [("", " ".join(filter(None, (text.strip() for text in found.itertext()))))]


def has_rows(root: Element) -> bool:
    """Whether it holds a list with rows beside its errors."""
    return any(len(child) for child in root if child.tag != "erros")


class XmlListing(Generic[Row]):
    """The rows of one kind that an endpoint serves as XML: `<key><item>…</item>…</key>`."""

    def __init__(self, key: str, item: str, row: type[Row]) -> None:
        """Describe the listing.

        Args:
            key: The element that holds the rows.
            item: The element of one row.
            row: The struct of one row; all its fields optional and untyped.
        """
        self._key = key
        self._item = item
        self._row = row

    def read(self, answer: Answer) -> Page[Row]:
        """Read one answer.

        Raises:
            WrongShapeError: If the body has another shape.
            Undecodable: If the body is no XML.
        """
        found = self._find(parse(answer))
        contents = [_content(element) for element in found]
        rows = [
            msgspec.convert(content, self._row) if isinstance(content, dict) else None
            for content in contents
        ]
        must_be_known(rows, self._key)
        batches = [Batch(rows, lambda: contents)] if rows else []
        return Page(batches, row_count=len(rows), named_by="id")

    def _find(self, root: Element) -> list[Element]:
        # Some programs that write XML begin the list anew for each of its rows.
        lists = root.findall(self._key)
        if not lists:
            candidates = [
                one
                for one in (root, *root)
                if len(one) and all(child.tag == self._item for child in one)
            ]
            lists = candidates if len(candidates) == 1 else []
        if not lists:
            inside = ", ".join(child.tag for child in root)[:80] or "nothing"
            raise WrongShapeError(f"there is no list {self._key!r} (it holds {inside})")
        items = [child for listed in lists for child in listed]
        strays = [child.tag for child in items if child.tag != self._item]
        if strays or any((listed.text or "").strip() for listed in lists):
            raise WrongShapeError(
                f"the list {self._key!r} holds {shown((strays or ['text'])[0])} where only "
                f"{self._item!r} is expected"
            )
        return items


def _content(element: Element) -> dict[str, Any] | str | None:
    """The text of an element, or its children by name; a name that comes twice is a list."""
    if not len(element):
        return element.text
    values: dict[str, list[Any]] = {}
    for child in element:
        values.setdefault(child.tag, []).append(_content(child))
    return {name: each[0] if len(each) == 1 else each for name, each in values.items()}


def _text(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
