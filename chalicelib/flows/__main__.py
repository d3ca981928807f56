"""`python -m chalicelib.flows`."""

import sys

from chalicelib.flows.cli import main

if __name__ == "__main__":
    sys.exit(main())
