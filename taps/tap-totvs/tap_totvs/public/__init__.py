"""`api: public`: the general ledger of Protheus through its generic query."""
