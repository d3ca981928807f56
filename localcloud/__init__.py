"""What stands in for AWS on a developer's machine: the AWS APIs on one loopback endpoint. Never deployed."""
