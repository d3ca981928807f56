"""What Task states can call: a module a family.

`names` knows what services, operations and errors are called, `values` turns JSON into arguments and answers into
JSON, `clients` keeps the boto3 clients. `sdk` makes the calls of `aws-sdk:` and of the optimised integrations,
`lambda_functions` and `step_functions` have their own ways.
"""
