# ruff: noqa: INP001 -- packages named tests would hide one another
"""The XML of v2: its rows, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from erp_common.errors import ERPValidationError
from erp_common.http.answer import Answer, Undecodable
from tap_bling.mapping import account, line
from tap_bling.streams import XML_ACCOUNTS, XML_MOVEMENTS

ROWS = "<movimentacoes><movimentacao><id>1</id></movimentacao></movimentacoes>"


def test_accounts(answer: Callable[..., Answer]) -> None:
    body = """<?xml version="1.0" encoding="UTF-8"?>
    <retorno><contascontabeis>
      <contacontabil><id>148</id><codigo>2.1</codigo><descricao>Fornecedores &amp; Cia</descricao>
        <tipo>Passivo</tipo><contaPai>2</contaPai><sintetica>N</sintetica></contacontabil>
      <contacontabil><id>147</id><codigo>2</codigo><descricao>Passivo</descricao>
        <tipo>Passivo</tipo><contaPai/><sintetica>S</sintetica></contacontabil>
    </contascontabeis></retorno>"""
    page = XML_ACCOUNTS.read(answer(body))
    (batch,) = page.batches
    first, second = (account(row) for row in batch.rows if row)
    assert (first.erp_id, first.code, first.name) == ("148", "2.1", "Fornecedores & Cia")
    assert (first.parent_code, first.is_summary, first.opening_stated) == ("2", False, False)
    assert (second.parent_code, second.is_summary, page.row_count) == (None, True, 2)


def test_movements(answer: Callable[..., Answer]) -> None:
    body = """<retorno><movimentacoes><movimentacao><id>5300000001</id><data>2024-01-31</data>
      <dataLancamento></dataLancamento><tipo>C</tipo><valor>1234.56</valor>
      <historico><![CDATA[Pagto < NF 7 >]]></historico><numeroDocumento>7</numeroDocumento>
      <tipoDocumento>NF</tipoDocumento><centroCusto>ADM</centroCusto>
      <contato><id>9</id><nome>João</nome></contato></movimentacao></movimentacoes></retorno>"""
    (batch,) = XML_MOVEMENTS.read(answer(body)).batches
    ((found,),) = (line(row, "1.1") for row in batch.rows if row)
    assert (found.credit_amount, found.debit_amount) == (Decimal("1234.56"), Decimal(0))
    assert (found.description, found.entity_id, found.entity_name) == (
        "Pagto < NF 7 >",
        "9",
        "João",
    )
    assert batch.raw(0)["contato"] == {"id": "9", "nome": "João"}


def test_a_list_that_begins_anew_for_each_row_is_read_whole(
    answer: Callable[..., Answer],
) -> None:
    page = XML_MOVEMENTS.read(answer(f"<retorno>{ROWS}{ROWS.replace('1', '2')}</retorno>"))
    assert [row and row.id for batch in page.batches for row in batch.rows] == ["1", "2"]
    assert page.row_count == 2


def test_the_declared_charset_counts(answer: Callable[..., Answer]) -> None:
    body = (
        "<?xml version='1.0' encoding='ISO-8859-1'?><retorno><contascontabeis><contacontabil>"
        "<descricao>Provisão</descricao></contacontabil></contascontabeis></retorno>"
    )
    (batch,) = XML_ACCOUNTS.read(answer(body.encode("latin-1"))).batches
    assert [row and row.descricao for row in batch.rows] == ["Provisão"]


@pytest.mark.parametrize("body", ["<movimentacoes/>", "<movimentacoes>\n  </movimentacoes>"])
def test_an_empty_list_is_the_end(answer: Callable[..., Answer], body: str) -> None:
    page = XML_MOVEMENTS.read(answer(f"<retorno>{body}</retorno>"))
    assert (list(page.batches), page.row_count) == ([], 0)


def test_a_row_without_fields_is_kept_for_a_finding(answer: Callable[..., Answer]) -> None:
    body = ROWS.replace("</movimentacoes>", "<movimentacao>?</movimentacao></movimentacoes>")
    page = XML_MOVEMENTS.read(answer(f"<retorno>{body}</retorno>"))
    (batch,) = page.batches
    assert (batch.rows[-1], batch.raw(1), page.row_count) == (None, {"value": "?"}, 2)


def test_rows_without_one_known_field_are_another_shape(answer: Callable[..., Answer]) -> None:
    for row in ("?", "<valor_total>1</valor_total>"):
        body = f"<movimentacoes><movimentacao>{row}</movimentacao></movimentacoes>"
        with pytest.raises(ERPValidationError, match="not one of the 1 row"):
            XML_MOVEMENTS.read(answer(f"<retorno>{body}</retorno>"))


def test_a_field_that_comes_twice_cannot_be_read(answer: Callable[..., Answer]) -> None:
    body = ROWS.replace("</id>", "</id><valor>1</valor><valor>2</valor><valor>3</valor>")
    (batch,) = XML_MOVEMENTS.read(answer(f"<retorno>{body}</retorno>")).batches
    assert [row and row.valor for row in batch.rows] == [["1", "2", "3"]]


@pytest.mark.parametrize(
    "body",
    [
        f"<retorno>{ROWS.replace('movimentacoes', 'lista')}</retorno>",
        "<retorno><movimentacao><id>1</id></movimentacao></retorno>",
    ],
)
def test_the_only_list_is_taken(answer: Callable[..., Answer], body: str) -> None:
    (batch,) = XML_MOVEMENTS.read(answer(body)).batches
    assert [row and row.id for row in batch.rows] == ["1"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"<resposta>{ROWS}</resposta>", "'resposta' in place of 'retorno'"),
        ("<retorno/>", r"no list 'movimentacoes' \(it holds nothing\)"),
        ("<retorno><ok/></retorno>", r"no list 'movimentacoes' \(it holds ok\)"),
        ("<retorno><contascontabeis/></retorno>", "no list 'movimentacoes'"),
        (
            f"<retorno>{ROWS.replace('movimentacao>', 'linha>')}</retorno>",
            "holds 'linha' where only 'movimentacao'",
        ),
        ("<retorno><movimentacoes>nada</movimentacoes></retorno>", "holds 'text' where"),
    ],
)
def test_another_shape_is_an_error(answer: Callable[..., Answer], body: str, words: str) -> None:
    with pytest.raises(ERPValidationError, match=words):
        XML_MOVEMENTS.read(answer(body))


@pytest.mark.parametrize(
    "prologue",
    [
        "<!DOCTYPE retorno>",
        "<!DOCTYPE retorno SYSTEM '{file}'>",
        "<!DOCTYPE retorno PUBLIC '-//X//Y' 'https://bling.example/x.dtd'>",
        "<!DOCTYPE retorno [<!ENTITY a 'b'>]>",
        "<!DOCTYPE retorno [<!ENTITY a SYSTEM '{file}'>]>",
        "<!DOCTYPE retorno [<!ENTITY % a SYSTEM '{file}'> %a;]>",
        "<!DOCTYPE retorno [<!ENTITY a 'x'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;'>]>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_entities_are_refused(
    answer: Callable[..., Answer], tmp_path: Path, prologue: str, encoding: str
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("of this machine", encoding="utf-8")
    body = f"<?xml version='1.0' encoding='{encoding}'?>{prologue}<retorno>{ROWS}</retorno>"
    sent = answer(body.format(file=secret.as_uri()).encode(encoding))
    with pytest.raises(ERPValidationError, match="document type or entities, which are refused"):
        XML_MOVEMENTS.read(sent)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "<retorno>",
        f"<retorno>{ROWS}</retorno> e mais",
        "<retorno>&nada;</retorno>",
        "<?xml version='1.0' encoding='klingon'?><retorno/>",
        b"<retorno>\xff</retorno>",
    ],
)
def test_what_is_no_xml_is_asked_for_again(
    answer: Callable[..., Answer], body: str | bytes
) -> None:
    with pytest.raises(Undecodable):
        XML_MOVEMENTS.read(answer(body))


def test_a_web_page_is_asked_for_again(answer: Callable[..., Answer]) -> None:
    page = "<!DOCTYPE html><html><body>Em manutenção</body></html>"
    with pytest.raises(Undecodable):
        XML_MOVEMENTS.read(answer(page, Content_Type="text/html; charset=utf-8"))


def test_a_charset_that_the_header_alone_names(answer: Callable[..., Answer]) -> None:
    body = (
        "<retorno><contascontabeis><contacontabil><descricao>Provisão</descricao></contacontabil>"
        "</contascontabeis></retorno>"
    ).encode("latin-1")
    sent = answer(body, Content_Type="text/xml; charset=ISO-8859-1")
    (batch,) = XML_ACCOUNTS.read(sent).batches
    assert [row and row.descricao for row in batch.rows] == ["Provisão"]
    with pytest.raises(Undecodable, match=r"not well-formed .*line 1, column 58"):
        XML_ACCOUNTS.read(answer(body))


def test_blank_lines_before_the_declaration(answer: Callable[..., Answer]) -> None:
    body = f"\n\r\n <?xml version='1.0' encoding='UTF-8'?><retorno>{ROWS}</retorno>"
    (batch,) = XML_MOVEMENTS.read(answer(body)).batches
    assert [row and row.id for row in batch.rows] == ["1"]
    (batch,) = XML_MOVEMENTS.read(answer(b"\xef\xbb\xbf" + body.encode())).batches
    assert [row and row.id for row in batch.rows] == ["1"]
