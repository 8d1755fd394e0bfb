"""An ERP's answer as the transport hands it over."""

from __future__ import annotations

import io
import json
from typing import Any

from requests.structures import CaseInsensitiveDict

from erp_common.http.answer import Answer


def answer(body: bytes | str | dict[str, Any], status: int = 200, **headers: str) -> Answer:
    """The answer with this body; JSON unless a header (`Content_Type=…`) says otherwise."""
    if isinstance(body, dict):
        body = json.dumps(body)
    data = body if isinstance(body, bytes) else body.encode()
    sent = {"Content-Type": "application/json; charset=utf-8"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, CaseInsensitiveDict(sent), io.BytesIO(data), len(data))
