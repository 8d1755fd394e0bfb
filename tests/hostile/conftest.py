"""Servers that speak the vendors' documents, for tests that twist what they say."""

from __future__ import annotations

from field.conftest import authority, preloaded, read, stage

__all__ = ["authority", "preloaded", "read", "stage"]
