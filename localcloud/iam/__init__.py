"""IAM's permissions, enforced or reported: the roles of flows and functions, judged as AWS judges them.

`policies` reads policy documents, `conditions` their conditions, `patterns` their wildcards and variables. `needs` says
which actions on which resources a call needs, `requests` which call an HTTP request is, `context` what conditions can
ask about it. `roles` knows who calls; `function_role` and `created_roles` have the policies of roles that are not a
flow's. `permissions` is what the rest of the cloud uses.
"""
