"""What ships to Lambda: the API, the library functions, and the runs of flows."""

from chalicelib.functions_package import install

APP_NAME = "serverless-dynamic-workflows"

install()
