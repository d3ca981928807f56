"""The CDK app: what one stage of the application consists of on AWS. Never deployed itself.

`stages` has the settings of each stage. `stack` assembles one from `identity` (users), `storage` (tables),
`application` (API and functions), `flows` (state machines), `schedules` and `observability`. Everything that grows with
the number of flows and functions is written as plain CloudFormation by modules that do not use CDK (`flow_resources`,
`function_resources`), since CDK's constructs take several calls into Node per resource.
"""
