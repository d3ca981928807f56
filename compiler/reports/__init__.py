"""How findings are written: for people, for programs (JSON), for code scanning (SARIF)."""
