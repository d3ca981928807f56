"""What functions have printed, kept with the cloud's state and served as CloudWatch Logs serves it."""
