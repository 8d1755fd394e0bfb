"""The command `erp-target-postgres`, also as `python -m erp_target_postgres`."""

from __future__ import annotations

import logging
import logging.config
import os
from pathlib import Path
from typing import Any

import backoff
import yaml

from erp_target_postgres import ErpTargetPostgres

logger = logging.getLogger(ErpTargetPostgres.name)

LAYOUT = "SINGER_SDK_LOG_CONFIG"
"""The variable that names the file which says how to write the log."""
SECONDS = 10
"""How long another run may take to write that file."""


@backoff.on_predicate(backoff.constant, interval=0.05, jitter=None, max_time=SECONDS, logger=None)
def log_layout(path: Path) -> dict[str, Any] | None:
    """Read how to write the log; None where that is not whole.

    Meltano writes this file anew for each run, and all runs with this loader share it: when
    companies are loaded side by side, one may be in the middle of it while another starts.
    """
    try:
        layout = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return None
    return layout if layout and isinstance(layout, dict) else None


def main() -> None:
    """Run the loader."""
    named = os.environ.get(LAYOUT, "")
    waits = bool(named) and Path(named).exists()  # what is not there the SDK tells of
    if waits:
        del os.environ[LAYOUT]  # or the SDK reads it at once
    command = ErpTargetPostgres.cli
    if waits:
        layout = log_layout(Path(named))
        if layout is None:
            logger.warning("%s=%s does not say how to write the log", LAYOUT, named)
        else:
            logging.config.dictConfig(layout)
    command()


if __name__ == "__main__":
    main()
