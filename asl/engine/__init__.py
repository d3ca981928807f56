"""Runs state machines. `asl.engine.engine.Engine` is the way in; `asl` exports it."""
