"""The CDK app: what one stage of the application consists of on AWS. Never deployed itself.

`stages` has the settings of each stage, `stack` puts one together: `identity` (users), `storage` (tables),
`application` (API and functions), `flows` (state machines), `schedules`, `observability`. Whatever grows with the
number of flows and functions is written as plain CloudFormation by modules that never touch CDK (`flow_resources`,
`function_resources`): CDK's own constructs cost several calls into Node a resource.
"""
