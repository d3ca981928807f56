"""Reports of findings: for people, for programs (JSON) and for code scanning (SARIF)."""
