"""Singer tap for the filed ledger of a Brazilian company: the ECD of the SPED."""
