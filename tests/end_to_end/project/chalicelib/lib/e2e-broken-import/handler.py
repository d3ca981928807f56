"""Cannot be imported."""

raise RuntimeError("the-secret-reason")
