"""`python -m tap_totvs`."""

from __future__ import annotations

from tap_totvs.tap import TapTotvs

TapTotvs.cli()
