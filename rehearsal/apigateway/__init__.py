"""REST APIs of API Gateway over HTTP: serves what was deployed by its API as AWS would.

`definition` reads a deployment, `authorizer` verifies tokens, `mapping` fills templates, `events` builds Lambda's
event, and `front` answers requests. The package is imported at the first request to a deployed API.
"""
