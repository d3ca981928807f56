"""Scripts for operators (users, tokens and usage of a stage) and for authors (new functions and plugins)."""
