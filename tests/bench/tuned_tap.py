"""The plain SDK tap once more, as somebody would tune it who looks for calls and for CPU.

Each account is asked for once over all months; and three lines of the SDK's own: messages encoded
by msgspec, and values not made to conform to the schema.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.helpers.types import Context
from singer_sdk.streams import Stream

from bench.plain_tap import PlainTap, Subledger, TrialBalance

if sys.version_info >= (3, 12):
    from typing import override
else:
    from typing_extensions import override


class WideBalance(TrialBalance):
    """Names each account that moved once, for all months."""

    @override
    def generate_child_contexts(
        self, record: dict[str, Any], context: Context | None
    ) -> Iterable[Context | None]:
        assert context is not None
        named: set[str] = vars(self).setdefault("named", set())
        span = {
            "period_start": self.config["start_date"],
            "period_end": self.config["end_date"],
        }
        for child in super().generate_child_contexts(record, context):
            if child is not None and record["account_code"] not in named:
                named.add(record["account_code"])
                yield {**child, **span}


class WideSubledger(Subledger):
    """The postings of an account in all months."""

    parent_stream_type = WideBalance


class WideTap(PlainTap):
    """Each account once over all months."""

    name = "tap-wide"

    @override
    def discover_streams(self) -> list[Stream]:
        return [WideBalance(self), WideSubledger(self)]


class TunedBalance(WideBalance):
    """Without conformance."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE


class TunedSubledger(WideSubledger):
    """Without conformance."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    parent_stream_type = TunedBalance


class TunedTap(PlainTap):
    """That, and the three lines."""

    name = "tap-tuned"
    message_writer_class = MsgSpecWriter

    @override
    def discover_streams(self) -> list[Stream]:
        return [TunedBalance(self), TunedSubledger(self)]


if __name__ == "__main__":
    (TunedTap if sys.argv.pop(1) == "tuned" else WideTap).cli()
