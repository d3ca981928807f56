"""What the deployed application knows about flows: their catalog, name suggestions, and checks of their input.

How a YAML file becomes a state machine is the business of the package `compiler`, which is never deployed.
"""
