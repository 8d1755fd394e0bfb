"""The simulator: every ERP behind one port, and the levers that tests pull."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from inspect import isabstract
from pkgutil import iter_modules
from types import TracebackType
from typing import Any, TypeVar, final

import simulator
from simulator.bling_public import BlingPublicOptions, BlingPublicService
from simulator.bling_v2 import BlingV2Options, BlingV2Service
from simulator.bling_v3 import BlingOptions, BlingService
from simulator.books import Books
from simulator.cash import CashBook
from simulator.contaazul import ContaAzulOptions, ContaAzulService
from simulator.contaazul_public import ContaAzulPublicOptions, ContaAzulPublicService
from simulator.dispatch import Dispatcher
from simulator.installments import Plans
from simulator.omie import OmieService
from simulator.omie_moods import OmieOptions
from simulator.omie_public import OmiePublicOptions, OmiePublicService
from simulator.service import Service, Tamper
from simulator.tls import ca_bundle, server_context
from simulator.totvs import TotvsOptions, TotvsService
from simulator.totvs_public import TotvsPublicOptions, TotvsPublicService
from simulator.wire import WireServer

_S = TypeVar("_S", bound=Service)


@cache
def kinds() -> list[type[Service]]:
    """The ERPs' servers: whatever a room of this package serves, without a list to add it to."""
    found: set[type[Service]] = set()
    for room in iter_modules(simulator.__path__):
        if room.name != "__main__":
            held = vars(import_module(f"simulator.{room.name}")).values()
            found |= {one for one in held if isinstance(one, type) and issubclass(one, Service)}
    return sorted((kind for kind in found if not isabstract(kind)), key=lambda kind: kind.erp)


class SimulatorError(Exception):
    """The simulator itself failed; a test that meets this has found a bug in it."""


@final
class Simulator(Dispatcher):
    """Serves books as the ERPs do, over HTTPS on 127.0.0.1.

    Attributes:
        books: The companies served; change them at any time. The rest is the dispatcher's; its
            `errors` are raised when the `with` block is left.
    """

    def __init__(
        self,
        books: Books | None = None,
        *,
        latency: float = 0,
        port: int = 0,
        keep_requests: int | None = None,
    ) -> None:
        """Prepare to serve `books` (the tiny ones by default) on a free port, or on `port`."""
        self._wire = WireServer(self.handle, server_context())
        super().__init__(latency, keep_requests, self._wire.stopping.wait)
        self.books = books or Books.generate()
        self._port = port
        self._tampers: dict[tuple[str, str], list[Tamper]] = {}
        self._services += [kind(self.books, self.tokens, self._tampers) for kind in kinds()]

    def _of(self, kind: type[_S]) -> _S:
        return next(service for service in self._services if type(service) is kind)

    # Life

    def start(self) -> Simulator:
        """Listen; the simulator answers when this returns."""
        self._wire.start(self._port)
        return self

    def stop(self) -> None:
        """Close every connection and end every thread."""
        self._wire.stop()

    def __enter__(self) -> Simulator:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; raise the simulator's own failure, if there was one."""
        self.stop()
        if self.errors and error is None:
            raise SimulatorError("the simulator failed on a request") from self.errors[0]

    # Addresses and keys

    @property
    def ca_bundle(self) -> str:
        """Path of the certificate authority's PEM file."""
        return str(ca_bundle())

    @property
    def port(self) -> int:
        """The port, once started."""
        return self._wire.port

    def base_url(self, erp: str, host: str = "127.0.0.1") -> str:
        """Return what the tap's `base_url` must be; `localhost` is certified too."""
        return f"https://{host}:{self.port}{self.service(erp).prefix}"

    def token_url(self, erp: str, host: str = "127.0.0.1") -> str:
        """Return what the tap's `token_url` must be; KeyError where there is none."""
        path = self.service(erp).token_path
        if path is None:
            raise KeyError(erp)
        return f"https://{host}:{self.port}{path}"

    def authorize_url(self, erp: str, host: str = "127.0.0.1") -> str:
        """Return what the tap's `authorize_url` must be; KeyError where there is none."""
        service = self.service(erp)
        if service.authorize_path is None:
            raise KeyError(erp)
        return f"https://{host}:{self.port}{service.authorize_path}{service.authorize_route}"

    def credentials(
        self, erp: str, auth_type: str | None = None, company: str | None = None
    ) -> dict[str, str]:
        """Return settings with working keys, for the tap's first `auth_type` or for another.

        Args:
            erp: `omie`, `totvs`, `contaazul`, `bling` or `bling_v2`.
            auth_type: As in the tap's settings; also `password` or `refresh_token`, for oauth2
                with that grant type.
            company: Whose keys; ContaAzul and Bling know the company by the key alone. The first
                company's by default.
        """
        settings = self.service(erp).credentials(auth_type, company)
        return (
            settings | {"token_url": self.token_url(erp)} if "client_id" in settings else settings
        )

    def settings(
        self,
        erp: str,
        auth_type: str | None = None,
        companies: Sequence[str] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Return a whole configuration of a tap: addresses, keys, companies.

        Args:
            erp: `omie`, `totvs`, `contaazul`, `bling` or `bling_v2`.
            auth_type: As in `credentials`.
            companies: Their ids; all by default, the first for ContaAzul and Bling.
            more: Further settings, which overrule the others.
        """
        service = self.service(erp)
        several = service.several_companies
        ids = companies or [c.id for c in self.books.companies[: None if several else 1]]
        settings: dict[str, Any] = {
            "base_url": self.base_url(erp),
            "ca_bundle": self.ca_bundle,
            "companies": [{"id": c, "name": self.books[c].name} for c in ids],
            **self.credentials(erp, auth_type, None if several else ids[0]),
        }
        if auth_type is not None:
            by_grant = auth_type in ("password", "refresh_token")
            settings["auth_type"] = "oauth2" if by_grant else auth_type
        return {**settings, **service.chosen_by, **more}

    @property
    def omie(self) -> OmieOptions:
        """Omie's moods."""
        return self._of(OmieService).options

    @property
    def omie_public(self) -> OmiePublicOptions:
        """The moods of Omie's public API."""
        return self._of(OmiePublicService).options

    def cash(self, erp: str, company: str | None = None) -> CashBook:
        """Return the money that a public API serves, of the first company by default.

        Args:
            erp: `omie_public`, `contaazul_public` or `bling_public`.
            company: Whose.
        """
        service = self.service(erp)
        if not isinstance(service, (OmiePublicService, ContaAzulPublicService, BlingPublicService)):
            raise KeyError(erp)
        return service.desk.of(company)

    @property
    def totvs(self) -> TotvsOptions:
        """How the Protheus site is set up."""
        return self._of(TotvsService).options

    @property
    def totvs_public(self) -> TotvsPublicOptions:
        """How the Protheus site is set up whose generic query is served."""
        return self._of(TotvsPublicService).options

    @property
    def contaazul(self) -> ContaAzulOptions:
        """How ContaAzul answers."""
        return self._of(ContaAzulService).options

    @property
    def contaazul_public(self) -> ContaAzulPublicOptions:
        """How Conta Azul answers under its public API."""
        return self._of(ContaAzulPublicService).options

    @property
    def plans(self) -> Plans:
        """What Conta Azul's public API knows of the first company's money beyond the movements."""
        desk = self._of(ContaAzulPublicService).desk
        return desk.plans(desk.of())

    @property
    def bling(self) -> BlingOptions:
        """How Bling v3 answers."""
        return self._of(BlingService).options

    @property
    def bling_public(self) -> BlingPublicOptions:
        """How Bling answers under its public API."""
        return self._of(BlingPublicService).options

    @property
    def bling_v2(self) -> BlingV2Options:
        """How Bling v2 answers."""
        return self._of(BlingV2Service).options

    def service(self, erp: str) -> Service:
        """Return one ERP's server; KeyError if there is none."""
        for service in self._services:
            if service.erp == erp:
                return service
        raise KeyError(erp)

    @property
    def page_cap(self) -> int | None:
        """The largest page that any ERP serves; setting it sets it for all."""
        caps = [s.options.page_cap for s in self._services if s.options.page_cap is not None]
        return min(caps, default=None)

    @page_cap.setter
    def page_cap(self, cap: int | None) -> None:
        for service in self._services:
            service.options.page_cap = cap

    # Levers

    @contextmanager
    def tamper(self, erp: str, endpoint: str, change: Tamper) -> Iterator[None]:
        """Change answers just before they are serialised, for as long as the block lasts.

        `change(body, request)` may alter the body in place (rows and envelope alike) or return
        another one. It sees one page at a time, and runs on the serving thread.
        """
        remove = self.add_tamper(erp, endpoint, change)
        try:
            yield
        finally:
            remove()

    def add_tamper(self, erp: str, endpoint: str, change: Tamper) -> Any:
        """Change answers from now on; returns a function that stops it."""
        tampers = self._tampers.setdefault((erp, endpoint), [])
        tampers.append(change)
        return lambda: tampers.remove(change)
