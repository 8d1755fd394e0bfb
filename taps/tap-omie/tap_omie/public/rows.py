"""The rows of Omie's public API, every field as it comes."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from erp_common.ledger.periods import Period

# The names of the fields are Omie's own.
# ruff: noqa: N815


class BankAccount(msgspec.Struct, gc=False):
    """A row of ListarContasCorrentes."""

    nCodCC: Any = None
    descricao: Any = None
    tipo_conta_corrente: Any = None
    codigo_banco: Any = None
    numero_conta_corrente: Any = None
    inativo: Any = None
    saldo_inicial: Any = None
    saldo_data: Any = None
    opening: Any = None
    """Not Omie's: the balance before the ledger's first day, from the account's statement."""


class Category(msgspec.Struct, gc=False):
    """A row of ListarCategorias."""

    codigo: Any = None
    descricao: Any = None
    categoria_superior: Any = None
    totalizadora: Any = None
    conta_receita: Any = None
    conta_despesa: Any = None
    transferencia: Any = None


class Head(msgspec.Struct):
    """What a statement says beside its movements."""

    window: Period
    """Not Omie's: the days that the statement was asked for."""
    nSaldoAnterior: Any = None
    nSaldoAtual: Any = None
    nothing: str | None = None
    """Not Omie's: the words in which it says that there is none; then it states no balances."""


class After(msgspec.Struct):
    """What a statement of a later day says that the account held before it; None if nothing."""

    nSaldoAnterior: Any
    day: date
    """Not Omie's."""


class Held(msgspec.Struct):
    """What a statement says at its end that the account holds."""

    nSaldoAtual: Any = None
    today: date | None = None
    """Not Omie's."""
    listed: bool = True
    """Not Omie's: whether the statement has a list of movements at all."""


class Movement(msgspec.Struct, gc=False):
    """A row of a statement (ListarExtrato)."""

    nCodLancamento: Any = None
    cSituacao: Any = None
    dDataLancamento: Any = None
    nValorDocumento: Any = None
    cCodCategoria: Any = None
    cDesCategoria: Any = None
    cTipoDocumento: Any = None
    cNumero: Any = None
    cDocumentoFiscal: Any = None
    cOrigem: Any = None
    cObservacoes: Any = None
    nCodCliente: Any = None
    cRazCliente: Any = None
    cDesCliente: Any = None


class Title(msgspec.Struct, gc=False):
    """A row of PesquisarLancamentos: a payable or receivable with its settlements."""

    cabecTitulo: Any = None
    lancamentos: Any = None
