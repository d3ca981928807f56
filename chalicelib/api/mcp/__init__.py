"""`POST /mcp`: the Model Context Protocol, by which AI applications use flows and functions as tools.

The transport is streamable HTTP without sessions: each request is complete in itself, and each answer is one JSON
document. Revisions 2025-06-18 and 2025-11-25 begin with `initialize`; 2026-07-28 says everything with each request. No
SDK is used: the official one takes longer to import than the API takes to start.

`endpoint` has the views: tokens, origins, usage. `messages` reads JSON-RPC and checks versions and headers. `methods`
is the table of methods. `tools` lists and calls tools, `run_tools` are those for runs, `results` writes what they
return, `tasks` are runs that outlast a call, `resources` are definitions and histories.

Source: https://modelcontextprotocol.io/specification/2026-07-28
"""
