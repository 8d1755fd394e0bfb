"""Conta Azul as it publishes its API: no general ledger, but what settled each payable."""
