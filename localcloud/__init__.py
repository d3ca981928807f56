"""The AWS APIs on one loopback endpoint of a developer's machine, with the project in them. Never deployed."""
