"""Pictures of definitions: which states follow which, and where each one is drawn."""
