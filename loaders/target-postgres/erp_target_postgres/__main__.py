"""`python -m erp_target_postgres`."""

from __future__ import annotations

from erp_target_postgres import ErpTargetPostgres

if __name__ == "__main__":
    ErpTargetPostgres.cli()
