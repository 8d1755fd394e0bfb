"""The rows of Conta Azul's public API, every field as it comes."""

from __future__ import annotations

from typing import Any

import msgspec


class MoneyAccount(msgspec.Struct, gc=False):
    """A row of /v1/conta-financeira."""

    id: Any = None
    nome: Any = None
    tipo: Any = None


class Category(msgspec.Struct, gc=False):
    """A row of /v1/categorias."""

    id: Any = None
    nome: Any = None
    categoria_pai: Any = None
    tipo: Any = None
    entrada_dre: Any = None


class CostCenter(msgspec.Struct, gc=False):
    """A row of /v1/centro-de-custo."""

    id: Any = None
    codigo: Any = None
    nome: Any = None


class Operation(msgspec.Struct, gc=False):
    """A row of /v1/categorias/configuracao-padrao: the category of interest, fines and so on."""

    tipo_operacao: Any = None
    id_categoria: Any = None


class Listed(msgspec.Struct, gc=False):
    """An installment as the search lists it: what it is for and what settled it is not there."""

    id: Any = None
    data_vencimento: Any = None
    total: Any = None
    pago: Any = None
    nao_pago: Any = None
    cliente: Any = None
    fornecedor: Any = None


class Transfer(msgspec.Struct, gc=False):
    """A row of /v1/financeiro/transferencias."""

    id: Any = None
    descricao: Any = None
    valor: Any = None
    data: Any = None
    origem: Any = None
    destino: Any = None


class InitialBalance(msgspec.Struct, gc=False):
    """A row of .../saldo-inicial."""

    tipo: Any = None
    id_conta_financeira: Any = None
    data_competencia: Any = None
    saldo_inicial: Any = None


class Moved(msgspec.Struct):
    """Something that moved the money of an account, with everything said of it.

    Attributes:
        baixa: What settled an installment.
        parcela: The details of that installment.
        pessoa: The customer or supplier.
        transferencia: A transfer, and
        lado: which side of it: `origem` or `destino`.
        saldo: What an account held when it was entered.
        precoce: Whether that was before the ledger's first day.
        listado: An installment as the search lists it, without a number.
    """

    baixa: Any = None
    parcela: Any = None
    pessoa: Any = None
    transferencia: Any = None
    lado: str | None = None
    saldo: Any = None
    precoce: bool = False
    listado: Any = None
