"""`python -m tap_ecd`."""

from __future__ import annotations

from tap_ecd.tap import TapEcd

TapEcd.cli()
