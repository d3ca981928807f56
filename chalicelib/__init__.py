"""What ships to Lambda: the API, the library functions, and the runs of flows."""

APP_NAME = "serverless-dynamic-workflows"
