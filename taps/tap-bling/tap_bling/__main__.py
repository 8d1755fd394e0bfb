"""`python -m tap_bling`."""

from __future__ import annotations

from tap_bling.tap import TapBling

TapBling.cli()
