"""The rows of Bling's public API, every field as it comes."""

from __future__ import annotations

from typing import Any

import msgspec

# The names of the fields are Bling's own.
# ruff: noqa: N815


class MoneyAccount(msgspec.Struct, gc=False):
    """A row of /contas-contabeis, which are bank and cash accounts."""

    id: Any = None
    descricao: Any = None
    tipo: Any = None


class Category(msgspec.Struct, gc=False):
    """A row of /categorias/receitas-despesas."""

    id: Any = None
    idCategoriaPai: Any = None
    descricao: Any = None
    tipo: Any = None


class Movement(msgspec.Struct, gc=False):
    """A row of /caixas, with what only its details hold."""

    id: Any = None
    debCred: Any = None
    situacao: Any = None
    valor: Any = None
    data: Any = None
    descricao: Any = None
    observacoes: Any = None
    origem: Any = None
    contato: Any = None
    contaFinanceira: Any = None
    categoria: Any = None
    transferencia: Any = None
    saldo: Any = None
    """Not an amount: S or N, whether the movement sets a balance right."""
    listed: Any = None
    """Not Bling's: the same as the list has it, where its details were asked for."""
