# ruff: noqa: INP001 -- packages named tests would hide one another
"""A disguised answer: the same shape and all its sums, no text and no amount of the original."""

from __future__ import annotations

import gzip
import json
import zlib
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp_common.http.tape import Kept
from erp_common.ledger.amount_text import read_amount
from erp_common.ledger.vocabulary import fold
from erp_common.replay.disguise import Disguise, inflated
from erp_common.replay.vocabulary import stays

amounts = st.decimals(-(10**12), 10**12, places=2, allow_nan=False, allow_infinity=False)
names = st.text(
    st.characters(codec="utf-8", categories=("Lu", "Ll", "Nd", "Zs", "Po")), min_size=5, max_size=40
)


def loaded(body: bytes) -> Any:
    return json.loads(body, parse_float=Decimal, parse_int=Decimal)


@settings(max_examples=30)
@given(st.lists(amounts, min_size=1, max_size=30))
def test_amounts_keep_signs_zeros_decimals_and_all_sums(values: list[Decimal]) -> None:
    disguise = Disguise()
    body = json.dumps({"nDebitos": [0]}).replace("[0]", f"[{', '.join(map(str, values))}]")
    (found,) = loaded(disguise.body(body.encode())).values()
    assert [one * disguise.factor for one in values] == found
    assert sum(values) * disguise.factor == sum(found)
    assert [one.as_tuple().exponent for one in values] == [one.as_tuple().exponent for one in found]
    assert [one.is_signed() for one in values] == [one.is_signed() for one in found]


@settings(max_examples=30)
@given(amounts, st.sampled_from(["br", "us", "plain", "side", "blank", "brackets", "real"]))
def test_an_amount_in_words_is_multiplied_in_its_own_way(value: Decimal, way: str) -> None:
    grouped = f"{value:,.2f}"
    turned = grouped.translate(str.maketrans(",.", ".,"))
    written = {
        "br": turned,
        "us": grouped,
        "plain": f"{value:f}",
        "side": f"{abs(value):f} {'C' if value < 0 else 'D'}",
        "blank": f"  {turned}\u00a0",
        "brackets": f"({abs(value):f})",
        "real": f"R$ {turned}",
    }[way]
    disguise = Disguise()
    other = disguise.value("valor", written)
    assert read_amount(other) == read_amount(written) * disguise.factor
    assert len(other) - len(other.strip()) == len(written) - len(written.strip())


@settings(max_examples=30)
@given(st.permutations(range(12)), st.integers(0, 9999))
def test_two_numbers_of_rows_stay_two(numbers: list[int], seed: int) -> None:
    rows = [{"r_e_c_n_o_": number, "codLanc": str(number)} for number in numbers]
    other = loaded(Disguise(seed).body(json.dumps(rows).encode()))
    for name in ("r_e_c_n_o_", "codLanc"):
        assert len({row[name] for row in other}) == len(numbers)


@pytest.mark.parametrize("written", ["1.234", "12,500", "12.3.4", "abc", "1,2,3"])
def test_what_is_no_amount_still_is_none(written: str) -> None:
    other = Disguise().value("nDebito", written)
    with pytest.raises(ValueError, match=r"whi|whose"):
        read_amount(other)
    assert other != written


@settings(max_examples=30)
@given(names, names, st.integers(10**6, 10**12))
def test_nothing_of_a_row_is_left_in_json_or_xml(name: str, history: str, number: int) -> None:
    row = {"id": number, "descricao": name, "historico": history, "codigo": "1.1.01"}
    for ascii_only in (True, False):
        disguise = Disguise()
        body = json.dumps({"data": [row, row]}, ensure_ascii=ascii_only).encode()
        first, second = loaded(disguise.body(body))["data"]
        assert first == second
        assert first["codigo"] == "1.1.01"
        assert first["id"] != number
        for said, key in ((name, "descricao"), (history, "historico")):
            assert len(first[key]) == len(said)
            for word in said.split():
                if len(word) > 4 and word.isalpha() and not stays(fold(word)):
                    assert word not in first[key]
    escaped = name.replace("&", "&amp;").replace("<", "&lt;")
    xml = f'<?xml version="1.0"?><retorno><id>{number}</id><nome>{escaped}</nome></retorno>'
    root = fromstring(Disguise().body(xml.encode()))  # noqa: S314 -- made here
    assert root.findtext("id") != str(number)
    assert len(root.findtext("nome") or "") == len(name)


@settings(max_examples=30)
@given(
    st.binary(max_size=300), st.sampled_from(["utf-8", "iso-8859-1", "cp1252", "none", "utf-16"])
)
def test_any_bytes_can_be_disguised(body: bytes, charset: str) -> None:
    Disguise().body(body, f"application/json; charset={charset}")


TEXT = '{"balancete":[{"CT1_CONTA":"11","CT1_DESC01":"Padaria Açaí Ltda","CTI_DEBITO":12345.67}]}'


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "cp1252", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("stated", [True, False])
def test_charsets_stay(charset: str, *, stated: bool) -> None:
    body = TEXT.encode(charset)
    told = f"application/json; charset={charset}" if stated else "application/json"
    other = Disguise().body(body, told)
    for private in ("Padaria", "Açaí", "Ltda", "12345.67"):
        assert private.encode(charset).removeprefix(b"\xff\xfe") not in other
        assert private.encode() not in other
    if stated or charset != "utf-16":
        (row,) = json.loads(other.decode(charset))["balancete"]
        assert row["CT1_CONTA"] == "11"
        assert len(row["CT1_DESC01"]) == len("Padaria Açaí Ltda")


@settings(max_examples=30)
@given(st.integers(0, len(TEXT)))
def test_what_is_cut_off_is_disguised_up_to_there(at: int) -> None:
    other = Disguise().body(TEXT[:at].encode("latin-1"))
    for private in (b"Padaria", b"Ltda", b"12345"):
        assert private not in other
    assert other.startswith(TEXT[:1].encode()) or not at


@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
def test_compressed_bodies_are_disguised_inside(encoding: str) -> None:
    """Labelled, compressed again; without a label nobody sees inside, and nothing is kept."""
    plain = TEXT.encode() * 40
    body = zlib.compress(plain) if encoding == "deflate" else gzip.compress(plain)
    headers = [
        ("Content-Type", "application/json"),
        *([("Content-Encoding", encoding)] * bool(encoding)),
    ]
    other = Disguise().answered(Kept(method="GET", headers=headers), body)
    if encoding:
        made, whole = inflated(other)
        assert whole
        assert len(made) > len(plain)
        assert b"Padaria" not in made
    else:
        assert set(other) <= {0, 255}


@pytest.mark.parametrize("cut", [1, 9, 40])
def test_a_compressed_body_that_is_cut_off_still_is(cut: int) -> None:
    body = gzip.compress((TEXT * 40).encode())[:-cut]
    headers = [("Content-Encoding", "gzip"), ("Content-Type", "application/json")]
    other = Disguise().answered(Kept(method="GET", headers=headers), body)
    made, whole = inflated(other)
    assert not whole
    assert b"Padaria" not in made


def test_ids_link_requests_with_answers() -> None:
    disguise = Disguise()
    listed = disguise.body(
        b'{"data":[{"id":777888999,"codigo":"1.1"},{"id":"caixa","codigo":"1"}]}'
    )
    first, second = json.loads(listed)["data"]
    asked = Kept(method="GET", path="/contascontabeis/777888999/movimentacoes")
    named = Kept(method="GET", path="/contascontabeis/caixa/movimentacoes", query=[("pagina", "2")])
    posted = Kept(method="POST", path="/x", body='{"param":[{"id":777888999,"nPagina":2}]}')
    for one in (asked, named, posted):
        disguise.asked(one)
    assert asked.path == f"/contascontabeis/{first['id']}/movimentacoes"
    assert named.path == f"/contascontabeis/{second['id']}/movimentacoes"
    assert named.query == [("pagina", "2")]
    assert json.loads(posted.body or "")["param"] == [{"id": first["id"], "nPagina": 2}]


PRIVATE = {
    "Padaria": "Padaria União 24h Ltda",
    "União": "c/ União",
    "uniao.com": "maria.silva77@padaria-uniao.com.br",
    "maria": "https://erp.example/clientes/maria-silva?cpf=39053344705",
    "39053344705": "39053344705",
    "390.533.447-05": "CPF 390.533.447-05",
    "12345678000195": "12345678000195",
    "12.345.678": "12.345.678/0001-95",
    "345 678": "12 345 678 0001 95",
    "98765": "+55 (11) 98765-4321",
    "1.234": "pago 1.234,56 em 12/03/2024",
    "35240112345678": "35240112345678000195550010000012341000012345",
    "9571": "-9571,20",
    "9,57": "9,57E3",
    "PADARIA_UNIAO_LTDA_12345": "PADARIA_UNIAO_LTDA_12345",
}
"""Texts by what must not be found of them."""
FIELDS = [
    "nome",
    "tipo",
    "status",
    "total",
    "data",
    "valor",
    "codigo",
    "mensagem",
    "filters",
    "cod",
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("private", PRIVATE)
def test_a_text_is_private_wherever_it_stands(field: str, private: str) -> None:
    """Also where a flag, a count, a day, an amount or a code is looked for."""
    text = PRIVATE[private]
    if field == "codigo" and text[:1].isdecimal() and "/" not in text:
        field = "codigo_do_cliente"  # an account may have such a code, and codes stay
    written = {
        "json": json.dumps([{field: text, "x": [text]}]),
        "escaped": json.dumps({field: text}, ensure_ascii=False),
        "cut off": json.dumps({field: text}, ensure_ascii=False)[:-2],
        "xml": f'<r a="{text}"><{field}>{text}</{field}><![CDATA[{text}]]><!--{text}--></r>',
        "html": f"<html><body><p>{text}</body></html>",
        "text": f"Erro: {text}",
        "key": json.dumps({text: 1}),
    }
    for way, body in written.items():
        for charset in ("utf-8", "latin-1"):
            other = Disguise().body(body.encode(charset), f"x/y; charset={charset}")
            assert private not in other.decode(charset), way
            assert private not in json.dumps(other.decode(charset), ensure_ascii=False), way


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cSituacao", "Conciliado"),
        ("status", "ATRASADO"),
        ("tipo", "1 - Ativo"),
        ("CT1_NORMAL", "2"),
        ("codigo", "1.1.01.02-X"),
        ("CT1_CONTA", "  11102001 "),
        ("conta", "1 1 01"),
        ("total", "12345"),
        ("dDtMov", "31/02/2024"),
        ("CT2_DATA", "20241399"),
        ("date", "2024-01-31T10:20:30.123-03:00"),
        ("data", "31012024"),
        ("faultcode", "SOAP-ENV:Client-5113"),
    ],
)
def test_what_says_of_which_kind_and_when_stays(field: str, value: str) -> None:
    assert Disguise().value(field, value) == value


def test_a_kind_that_nobody_knows_may_be_somebodys_name() -> None:
    other = Disguise().value("status", "PARCIALMENTE_PAGO")
    assert other != "PARCIALMENTE_PAGO"
    assert [len(word) for word in str(other).split("_")] == [12, 4]


def test_bytes_that_are_wrong_stay_wrong_alone() -> None:
    """In UTF-8, one byte more than there should be; what stands beside it stays UTF-8."""
    body = '{"nome":"Açaí § da União"}'.encode().replace("§".encode(), b"\xff")
    other = Disguise().body(body, "application/json")
    assert other.count(b"\xff") == 1
    assert other.replace(b"\xff", b"").decode().startswith('{"nome":"')
    assert "União".encode() not in other


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | amounts | names | st.just('a":"b'),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "valor", "tipo", "data", "codigo", "a b", 'x":', "n\\"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60)
@given(json_values, st.sampled_from([(",", ":"), (" , ", " : ")]), st.sampled_from([None, 2]))
def test_fields_are_disguised_the_same_however_they_are_found(
    value: Any, separators: tuple[str, str], indent: int | None
) -> None:
    """All at once where nothing but fields is there, else sign by sign."""
    text = json.dumps([{"a": value}], default=float, indent=indent, separators=separators)
    way, other = Disguise(seed=1, factor=7), Disguise(seed=1, factor=7)
    assert way._json(text) == other._json_by_sign(text)


def test_an_error_keeps_its_code_and_how_long_to_wait() -> None:
    words = "Consumo redundante. Aguarde 1678 segundos, Maria."
    said = json.dumps({"faultcode": "SOAP-ENV:Client-6", "faultstring": words}).encode()
    other = Disguise().body(said).decode()
    assert "Maria" not in other
    assert '"SOAP-ENV:Client-6"' in other
    assert "Consumo redundante. Aguarde 1678 segundos" in other


def test_a_state_and_settings_are_disguised_alike() -> None:
    """Companies by the same stand-in as in requests; balances multiplied, digests left out."""
    disguise = Disguise()
    periods = {
        "context": {"company_id": "ACME"},
        "replication_key_value": "2024-01-31",
        "opening_balances": {"as_of": "2024-01-01", "balances": {"1.1": "10.50", "CC.123456": "0"}},
        "closed_periods": {"period": "month", "digests": {"2024-01-31": "abc"}},
    }
    state = disguise.state({"bookmarks": {"periods": {"partitions": [periods]}}})
    settings = disguise.settings(
        {"companies": [{"id": "ACME", "erp_id": "77"}], "start_date": "2024-01-01"}
    )
    asked = Kept(method="GET", path="/x", query=[("empresa", "77"), ("dataInicial", "20240101")])
    disguise.asked(asked)
    (found,) = state["bookmarks"]["periods"]["partitions"]
    assert found["context"]["company_id"] == settings["companies"][0]["id"] != "ACME"
    assert found["replication_key_value"] == "2024-01-31"
    assert "closed_periods" not in found
    balances = found["opening_balances"]["balances"]
    assert Decimal(balances["1.1"]) == Decimal("10.50") * disguise.factor
    assert balances[f"CC.{disguise.text('123456')}"] == "0"
    assert asked.query == [
        ("empresa", settings["companies"][0]["erp_id"]),
        ("dataInicial", "20240101"),
    ]
    assert settings["start_date"] == "2024-01-01"
