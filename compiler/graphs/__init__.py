"""Pictures of flows as Mermaid, Graphviz DOT or SVG."""
