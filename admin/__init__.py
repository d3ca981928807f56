"""Scripts that an operator runs: users, tokens and usage of one stage."""
