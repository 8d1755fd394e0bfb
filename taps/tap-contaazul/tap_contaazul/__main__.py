"""`python -m tap_contaazul`."""

from __future__ import annotations

from tap_contaazul.tap import TapContaAzul

TapContaAzul.cli()
