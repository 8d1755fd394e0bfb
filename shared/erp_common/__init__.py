"""What the erp-taps share: the ledger, the transport and the Singer streams."""
