"""The states of a definition, each compiled once into an object that runs it. `asl.engine.compiler` makes them."""
