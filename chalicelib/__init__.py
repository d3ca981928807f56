"""What ships to Lambda: the API, the library functions, and the runs of flows."""

APP_NAME = "serverless-dynamic-workflows"
VERSION = "0.1.0"
