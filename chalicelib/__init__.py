"""What ships to Lambda: the API, the functions, the runs of flows; and the compiler, which stays behind."""

APP_NAME = "serverless-dynamic-workflows"
