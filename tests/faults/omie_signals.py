"""What Omie says when it will not answer, in each of the forms in which it says it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from simulator.faults import Fault
from simulator.http11 import Response

Form = Literal["500", "200", "list", "header"]
FORMS: tuple[Form, ...] = ("500", "200", "list", "header")


@dataclass(frozen=True)
class Signal:
    """Code and words of a fault."""

    code: str
    words: str
    status: int = 500

    def fault(self, form: Form) -> Fault:
        """The fault as an answer."""
        return Fault(f"{self.code} as {form}", lambda _: self._response(form))

    def _response(self, form: Form) -> Response:
        number = self.code.rpartition("Client-")[2]
        if form == "list":
            body: object = [{"CODIGO": number, "MENSAGEM": self.words, "ORIGEM": "API"}]
            return Response(self.status, json.dumps(body).encode())
        if form == "header":
            told = {"OmieAPI-Error": f"{number} - {self.words}"}
            return Response(self.status, b"<html>erro</html>", "text/html", headers=told)
        body = {"faultstring": f"ERROR: {self.words}", "faultcode": self.code}
        status = 200 if form == "200" and self.status == 500 else self.status
        return Response(status, json.dumps(body, ensure_ascii=False).encode())


SECONDS = 1678
REDUNDANT_SECONDS = 17
BLOCKED = Signal(
    "MISUSE_API_PROCESS",
    f"API bloqueada por consumo indevido. Tente novamente em {SECONDS} segundos",
    status=425,
)
# The same while it answers other calls with its usual status.
BLOCKED_AS_500 = Signal(BLOCKED.code, BLOCKED.words)
REDUNDANT = Signal(
    "SOAP-ENV:Client-6",
    f"Consumo redundante detectado. Aguarde {REDUNDANT_SECONDS} segundos para tentar novamente. "
    "(REDUNDANT)",
)
LOCKED = Signal(
    "SOAP-ENV:Client-1880", "Já existe uma requisição desse método sendo executada no aplicativo"
)
_DUPLICATE = (
    "Esta requisição já foi processada ou está sendo processada. Você pode tentar novamente às "
    "10:20:30"
)
DUPLICATE = Signal("SOAP-ENV:Client-8020", _DUPLICATE)
DUPLICATE_TOO = Signal("SOAP-ENV:Client-1100", _DUPLICATE)
END_OF_PAGES = Signal("SOAP-ENV:Client-5113", "Não existem registros para a página [2]!")
EMPTY = (
    Signal("SOAP-ENV:Client-5113", "Não existem registros para a página [1]!"),
    Signal("SOAP-ENV:Client-101", "Nenhum registro foi encontrado!"),
    Signal("SOAP-ENV:Client-5094", "Nenhum lançamento encontrado para o período"),
)
# Codes that elsewhere say "nothing found", with other words.
NOT_EMPTY = (
    Signal("SOAP-ENV:Client-101", "Empresa [9] não cadastrada para este aplicativo!"),
    Signal("SOAP-ENV:Client-5094", "O período informado é inválido"),
)
WRONG_TAG = Signal(
    "SOAP-ENV:Client-5001", "Tag [X] não faz parte da estrutura do tipo complexo [param]!"
)
UNKNOWN = Signal("SOAP-ENV:Server", "Algo inesperado aconteceu")
BAD_KEY = Signal(
    "SOAP-ENV:Server",
    "A chave de acesso está inválida ou o aplicativo está suspenso.",
    status=403,
)
BROKEN = Signal("SOAP-ENV:Server", "SOAP-ERROR: Broken response from Application Server (BG)")
