"""Accounting: pure functions on typed rows; no I/O, no Singer."""
