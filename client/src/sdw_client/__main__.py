"""`python -m sdw_client` is the command `sdw`."""

from sdw_client.cli import main

main()
