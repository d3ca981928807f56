"""API Gateway's REST APIs over HTTP: what was deployed by its API is served as AWS would serve it.

`definition` reads a deployment, `authorizer` verifies tokens, `mapping` fills templates, `events` makes Lambda's event,
`front` answers requests. Nothing of it is imported before the first request to a deployed API.
"""
