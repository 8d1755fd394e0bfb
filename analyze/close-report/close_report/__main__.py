"""`python -m close_report` is the command `close-report`."""

import sys

from close_report.cli import main

if __name__ == "__main__":
    sys.exit(main())
