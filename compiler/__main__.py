"""`python -m compiler`."""

import os
import sys

from compiler.cli import main

if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # A run may leave functions and the engine in their threads: Python's shutdown would pull their objects away.
    os._exit(code)
