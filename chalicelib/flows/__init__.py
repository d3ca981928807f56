"""What the deployed application knows about flows: their catalog, name suggestions, and validation of their input.

The package `compiler`, which is never deployed, turns YAML files into state machines.
"""
