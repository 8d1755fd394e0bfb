"""The releases of packages, as JSON. Runs where they are installed."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version


def main() -> None:
    """Print them by name."""
    print(json.dumps({name: version(name) for name in sys.argv[1:]}))


if __name__ == "__main__":
    main()
