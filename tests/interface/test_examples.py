"""The examples that the interface was specified with; only addresses and keys differ."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
import requests

from erp_common import (
    AccountBalance,
    AccountType,
    APIKeyHandler,
    BasicAuthHandler,
    BearerTokenHandler,
    CircuitBreaker,
    ConnectionStatus,
    ERPValidationError,
    OAuth2Handler,
    RetryStrategy,
    SubledgerEntry,
    TokenBucketRateLimiter,
    TrialBalance,
    create_connector,
    validate_account_code,
    validate_account_type,
    validate_amount,
    validate_date,
    validate_trial_balance,
    with_retry,
)
from simulator import Books, Simulator

Known = dict[str, Any]


@pytest.fixture(scope="module")
def totvs() -> Iterator[tuple[Known, Known]]:
    """Credentials and settings of a Protheus with a company called 01."""
    with Simulator(Books.generate(companies=["01"])) as erp:
        credentials = dict(erp.credentials("totvs"))
        credentials.pop("auth_type", None)
        config = {"base_url": erp.base_url("totvs"), "ca_bundle": str(erp.ca_bundle)}
        yield credentials, config


def test_basic_usage(totvs: tuple[Known, Known]) -> None:
    credentials, config = totvs
    connector = create_connector(
        erp_type="totvs_protheus", auth_type="oauth2", credentials=credentials, config=config
    )

    async def main() -> tuple[object, TrialBalance, list[SubledgerEntry]]:
        async with connector:
            health = await connector.health_check()  # type: ignore[misc]
            trial_balance = await connector.get_trial_balance(  # type: ignore[misc]
                company_id="01",
                period_start=datetime(2024, 1, 1),  # noqa: DTZ001 - as people write it
                period_end=datetime(2024, 3, 31),  # noqa: DTZ001
                filters={"account_types": ["ASSET", "LIABILITY"], "include_zero_balances": False},
            )
            entries = await connector.get_subledger_details(  # type: ignore[misc]
                company_id="01",
                account_code="1.1.01.02.001",
                period_start=datetime(2024, 1, 1),  # noqa: DTZ001
                period_end=datetime(2024, 3, 31),  # noqa: DTZ001
            )
        return health.status, trial_balance, entries

    status, trial_balance, entries = asyncio.run(main())
    assert status is ConnectionStatus.CONNECTED
    assert {account.account_type for account in trial_balance.accounts} == {
        AccountType.ASSET,
        AccountType.LIABILITY,
    }
    assert entries
    # Outside the block the methods are plain again.
    with connector as erp:
        assert erp.health_check().status is ConnectionStatus.CONNECTED


def test_a_plain_address_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="https") as refused:
        create_connector(
            erp_type="omie",
            auth_type="api_key",
            credentials={"app_key": "key", "app_secret": "secret-word"},
            config={"base_url": "http://app.omie.com.br/api/v1"},
        )
    assert isinstance(refused.value, ERPValidationError)
    assert "secret-word" not in str(refused.value)


def test_a_session_of_the_handler(
    totvs: tuple[Known, Known], monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials, config = totvs
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", config["ca_bundle"])
    data = (
        f"{config['base_url']}/rest/CTBR020/balancete"
        "?empresa=01&dataInicial=20240101&dataFinal=20240131"
    )
    auth_handler = OAuth2Handler(
        client_id=credentials["client_id"],
        client_secret=credentials["client_secret"],
        token_url=credentials["token_url"],
        scope="read:financials",
    )

    async def main() -> requests.Response:
        async with auth_handler.get_session() as session:
            return await session.get(data)

    assert asyncio.run(main()).json()["balancete"]
    with auth_handler.get_session() as session:
        assert session.get(data).json()["balancete"]


def test_the_other_handlers() -> None:
    APIKeyHandler(api_key="your_app_key", api_secret="your_app_secret", key_location="header")  # noqa: S106
    BasicAuthHandler(username="api_user", password="api_password")  # noqa: S106
    BearerTokenHandler(token="your_bearer_token", token_expiration=3600)  # noqa: S106


def test_retry_breaker_and_limiter() -> None:
    calls: list[int] = []

    @with_retry(
        max_attempts=3,
        strategy=RetryStrategy.EXPONENTIAL,
        base_delay=0.0,
        max_delay=30.0,
        jitter=True,
    )
    async def fetch_data() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise ConnectionError
        return "data"

    async def main() -> str:
        breaker = CircuitBreaker(failure_threshold=5, recovery_timeout=60)
        async with breaker, TokenBucketRateLimiter(rate=100, interval=60, burst=10):
            return await fetch_data()

    assert asyncio.run(main()) == "data"
    TokenBucketRateLimiter(rate=50, interval=60)


def test_values() -> None:
    assert validate_account_type("Ativo") == "ASSET"
    assert validate_account_type("Asset") == "ASSET"
    validate_account_code("1.01.001")
    with pytest.raises(ERPValidationError):
        validate_account_code("")
    assert validate_amount(1234.56) == Decimal("1234.56")
    assert validate_amount("1234.56") == Decimal("1234.56")
    for text in ("2024-12-31", "31/12/2024", "2024-12-31T10:30:00"):
        assert validate_date(text).date() == date(2024, 12, 31)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_float_that_is_no_amount(value: float) -> None:
    with pytest.raises(ERPValidationError):
        validate_amount(value)


@pytest.mark.parametrize("when", [date(2024, 1, 31), datetime(2024, 1, 31, tzinfo=timezone.utc)])
def test_models_made_by_hand(when: Any) -> None:
    def account(code: str, kind: AccountType, debit: str, credit: str) -> AccountBalance:
        moved = Decimal(debit) - Decimal(credit)
        return AccountBalance(
            account_code=code,
            account_name=code,
            account_type=kind,
            parent_account_code=None,
            level=1,
            opening_balance=Decimal(0),
            debit_amount=Decimal(debit),
            credit_amount=Decimal(credit),
            closing_balance=moved,
        )

    books = TrialBalance(
        company_id="01",
        company_name="Acme",
        period_start=when,
        period_end=when,
        currency="BRL",
        accounts=[
            account("1", AccountType.ASSET, "10.10", "0"),
            account("3", AccountType.REVENUE, "0", "10.10"),
        ],
        extracted_at=datetime.now(timezone.utc),
    )
    assert books.metadata == {}
    assert not books.accounts[0].is_summary
    assert validate_trial_balance(books) == (True, [])
    books.accounts[0].debit_amount = Decimal("11.10")
    is_valid, errors = validate_trial_balance(books)
    assert not is_valid
    assert errors
    entry = SubledgerEntry(
        entry_id="1",
        transaction_date=when,
        posting_date=when,
        account_code="1",
        account_name="Caixa",
        debit_amount=Decimal(1),
        credit_amount=Decimal(0),
        description="Venda",
    )
    assert (entry.document_number, entry.metadata) == (None, {})
