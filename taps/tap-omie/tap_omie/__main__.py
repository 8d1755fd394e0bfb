"""`python -m tap_omie`."""

from __future__ import annotations

from tap_omie.tap import TapOmie

TapOmie.cli()
