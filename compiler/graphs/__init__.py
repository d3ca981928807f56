"""Pictures of flows: Mermaid, Graphviz DOT, and SVG drawn here."""
