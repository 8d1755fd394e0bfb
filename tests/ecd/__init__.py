"""The filed ledger: a writer of ECD files that shares nothing with the tap, and what comes back."""
