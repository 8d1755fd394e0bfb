"""tap-contaazul: its settings and the books it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from erp_common.singer import settings
from erp_common.singer.tap import LedgerTap
from tap_contaazul.client import ContaAzulDialect
from tap_contaazul.streams import ContaAzulBooks

if TYPE_CHECKING:
    from erp_common.singer.config import Config
    from erp_common.singer.connection import Build


class TapContaAzul(LedgerTap):
    """Singer tap for the trial balance and the subledger of ContaAzul."""

    name = "tap-contaazul"
    defaults = settings.Defaults(
        system="ContaAzul",
        base_url="https://api.contaazul.com/v1",
        auth_types=("oauth2", "bearer_token"),
        token_url="https://api.contaazul.com/oauth/token",  # noqa: S106 - an address
        rate=settings.Rate(requests=60, interval=60, burst=5),
        rate_scope="OAuth application",
        page_size=100,
        single_company=True,
    )
    config_jsonschema = settings.schema(defaults, *settings.derived_settings())
    source_class = ContaAzulBooks

    @classmethod
    def source(cls, config: Config, build: Build) -> ContaAzulBooks:
        """The books that the token opens."""
        transport = build.transport(
        authorize_url="https://login.contaazul.com/#/oauth/authorize",
        authorize_scope="openid profile aws.cognito.signin.user.admin",
            config,
            ContaAzulDialect(),
            auth=build.authenticator(config),
            account=config.client_id or config.access_token or "",
        )
        return ContaAzulBooks(transport, config.page_size or 100)
