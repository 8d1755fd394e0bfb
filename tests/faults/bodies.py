"""Bodies that no ERP should send: any JSON, rows nearly right, junk, and XML with traps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, fromstring, tostring

from hypothesis import strategies as st

DRAWN = st.DrawFn
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")


@dataclass(frozen=True)
class Verbatim:
    """JSON text that goes into the body as it is, such as a number that Python cannot hold."""

    text: str


NUMBERS = st.sampled_from(
    [
        "1e400",
        "-1e400",
        "1E-400",
        "-0",
        "0.1e1",
        "1e5",
        "12345678901234567890123456789.01",
        "-99999999999999999999",
        "0.30000000000000004",
        "9" * 400,
        "0." + "0" * 60 + "1",
    ]
).map(Verbatim)
TEXTS = st.sampled_from(
    [
        "",
        " ",
        "0",
        "1.234",
        "1.234,56",
        "1,234.56",
        "R$ 12,30-",
        "(7,50)",
        "8.50 D",
        "9,75C",
        "NaN",
        "Infinity",
        "1e3",
        "\u0663\u066b\u0665",
        "31/02/2024",
        "2024-13-01",
        "20240229",
        "2024-01-15T10:00:00-03:00",
        "0000-00-00",
        "S",
        "true",
        "1.1",
        "1.1.1.1.1.1",
        "\ufeff",
        "a\x00b",
        "\U0001f4b8",
        "<b>&amp;",
    ]
) | st.text(max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | NUMBERS | TEXTS


def anything(names: list[str]) -> st.SearchStrategy[Any]:
    """Any JSON value, with the vendor's own names among its keys."""
    keys = st.sampled_from(names) | st.text(max_size=8)
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
        max_leaves=12,
    )


@st.composite
def nearly(draw: DRAWN, honest: bytes, names: list[str]) -> Any:
    """The honest body with a few of its values replaced, left out, doubled or wrapped."""
    body = json.loads(honest, parse_float=Verbatim)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(body))
        if not places:
            return body
        container, key = draw(st.sampled_from(places))
        change = draw(st.sampled_from(["replace", "replace", "replace", "drop", "double", "wrap"]))
        if change == "replace":
            container[key] = draw(SCALARS | anything(names))
        elif change == "drop":
            del container[key]
        elif change == "wrap":
            container[key] = draw(st.sampled_from([[container[key]], {"x": container[key]}]))
        elif isinstance(container, list):
            container.append(container[key])
        else:
            container[f"{key}_"] = container[key]
    return body


def junk(honest: bytes) -> st.SearchStrategy[bytes]:
    """Bytes that are nothing, or the honest body cut, flipped, or in another encoding."""
    text = honest.decode()
    return (
        st.binary(max_size=64)
        | st.integers(0, len(honest)).map(lambda end: honest[:end])
        | st.tuples(st.integers(0, len(honest) - 1), st.integers(0, 255)).map(
            lambda flip: honest[: flip[0]] + bytes([flip[1]]) + honest[flip[0] + 1 :]
        )
        | st.sampled_from(
            [
                b"",
                b"null",
                text.encode("utf-16"),
                text.encode("utf-8-sig"),
                text.encode("cp1252"),
                honest * 2,
                b"[" * 5000,
                b'{"a":' * 5000,
                b"<html>",
            ]
        )
    )


def json_text(value: Any) -> bytes:
    """JSON, with verbatim pieces as they are."""
    if isinstance(value, Verbatim):
        return value.text.encode()
    if isinstance(value, dict):
        inner = b",".join(json_text(str(k)) + b":" + json_text(v) for k, v in value.items())
        return b"{" + inner + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(json_text, value)) + b"]"
    # A lone surrogate has no UTF-8; servers write it as an escape.
    return json.dumps(value, ensure_ascii=isinstance(value, str)).encode()


@st.composite
def nearly_xml(draw: DRAWN, honest: bytes, names: list[str]) -> bytes:
    """The honest document with a few of its elements changed."""
    root = fromstring(honest)  # noqa: S314 - the simulator's own
    for _ in range(draw(st.integers(1, 3))):
        parents = [element for element in root.iter() if len(element)]
        if not parents:
            break
        parent = draw(st.sampled_from(parents))
        child = draw(st.sampled_from(list(parent)))
        change = draw(st.sampled_from(["text", "text", "text", "drop", "double", "rename", "nest"]))
        if change == "text":
            child.text = draw(TEXTS | st.integers().map(str) | NUMBERS.map(lambda n: n.text))
        elif change == "drop":
            parent.remove(child)
        elif change == "double":
            parent.append(child)
        elif change == "rename":
            child.tag = draw(st.sampled_from(names))
        else:
            inner = Element(draw(st.sampled_from(names)))
            inner.text = draw(TEXTS)
            child.append(inner)
    return _clean(tostring(root, encoding="unicode")).encode()


_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
XML_TRAPS = st.sampled_from(
    [
        f'<!DOCTYPE r [<!ENTITY l0 "ha">{_LAUGHS}]><retorno>&l9;</retorno>'.encode(),
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><retorno>&x;</retorno>',
        b'<!DOCTYPE r SYSTEM "https://127.0.0.1:1/x.dtd"><retorno/>',
        b'<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/hostname">%p;]><retorno/>',
        b'<?xml version="1.0" encoding="utf-7"?><retorno/>',
        b'<?xml version="1.0" encoding="nonsense"?><retorno/>',
        b"<retorno>&undefined;</retorno>",
        b"<retorno><![CDATA[<erros>]]></retorno>",
        b"<retorno><erros/></retorno>",
        b"<retorno><erros><erro/></erros></retorno>",
        b"<retorno><erros><erro><cod>14</cod></erro><erro><cod>3</cod></erro></erros></retorno>",
        b"<RETORNO/>",
        b"<retorno/>",
        b"<retorno xmlns='urn:x'><contascontabeis/></retorno>",
        b"<a>" * 3000,
        b"<retorno><contascontabeis>" + b"<contacontabil/>" * 50 + b"</contascontabeis></retorno>",
        b"<retorno><movimentacoes>" + b"<movimentacao/>" * 50 + b"</movimentacoes></retorno>",
    ]
)


def names_in(honest: bytes) -> list[str]:
    """The names of fields and elements in a body."""
    return sorted(set(_FIELD.findall(honest.decode())))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every value inside a body, as its container and key."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from _places(inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield value, index
            yield from _places(inner)


def _clean(text: str) -> str:
    """Without the signs that XML does not allow."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", text)
