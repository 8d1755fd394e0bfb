"""Bling as it publishes its API: no general ledger, but every movement of every money account."""
