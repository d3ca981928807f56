"""Answers of a real server, by the `operationId` and status that they are examples of; long ones are shortened.

A test asks a server again, and compares what it answers with them.
"""

from __future__ import annotations

from typing import Any

_ARN = "arn:aws:states:us-east-1:123456789012:execution:serverless-dynamic-workflows-local-"

_RUN: dict[str, Any] = {
    "executionArn": _ARN + "dummy2StepFlow:01a21ad3-68a5-76c4-b7dd-0f90ec8b3dd0",
    "executionId": "01a21ad3-68a5-76c4-b7dd-0f90ec8b3dd0",
    "flow": "dummy2StepFlow",
    "status": "SUCCEEDED",
    "startDate": "2026-11-27T02:26:32.229Z",
    "stopDate": "2026-11-27T02:26:32.299Z",
    "durationSeconds": 0.07,
    "startedBy": "user",
    "userId": "e091d55d-1cdf-443c-8434-8ef4e133596c",
    "parent": None,
    "labels": {},
    "redriveCount": 0,
    "approvals": [],
    "input": {},
    "output": {"statusCode": 200, "body": {"message": "Dummy check passed", "greeted": True}},
    "error": None,
    "cause": None,
}
_STOPPED: dict[str, Any] = {
    **_RUN,
    "executionArn": _ARN + "longFlow:01a21ad3-8987-7bdb-ad3a-39df8be47db4",
    "executionId": "01a21ad3-8987-7bdb-ad3a-39df8be47db4",
    "flow": "longFlow",
    "status": "ABORTED",
    "startDate": "2026-11-27T02:26:40.647Z",
    "stopDate": "2026-11-27T02:26:41.767Z",
    "durationSeconds": 1.12,
    "output": None,
    "error": "Stopped",
    "cause": "Stopped by a user through the API.",
}
APPROVAL: dict[str, Any] = {
    "id": "01a21af0-59de-79a8-9bd0-efc1895324c8",
    "status": "answered",
    "title": "A desk",
    "message": "May this be bought?",
    "form": {"type": "object", "required": ["limit"], "properties": {"limit": {"type": "number", "minimum": 0}}},
    "who": {"groups": ["ops"], "users": []},
    "flow": "e2eApproval",
    "executionArn": f"{_ARN}e2eApproval:01a21af0-5852-767c-a69c-80df8fd3439a",
    "executionId": "01a21af0-5852-767c-a69c-80df8fd3439a",
    "state": "Ask",
    "created": "2026-11-27T02:58:08.990Z",
    "expires": "2026-11-27T03:08:08.990Z",
    "answer": {
        "decision": "approve",
        "data": {"limit": 5},
        "by": {"id": "b72e7639-179f-4169-8401-0dc15e3f2849", "email": "ada@example.com", "via": "account"},
        "at": "2026-11-27T02:58:09.375Z",
    },
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "getHealth": {"200": {"status": "ok"}},
    "getAuthConfig": {
        "200": {
            "region": "us-east-1",
            "userPoolId": "us-east-1_f2c45f20f10147efb8a6f57066017436",
            "userPoolClientId": "0966b54f7fe848f29a6de4d760",
            "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_f2c45f20f10147efb8a6f57066017436",
        }
    },
    "verifyToken": {
        "200": {
            "valid": True,
            "user": {"id": "e091d55d-1cdf-443c-8434-8ef4e133596c", "email": "demo@example.com", "groups": []},
            "expiresAt": "2026-11-27T03:23:57.000Z",
        }
    },
    "listFlows": {
        "200": {
            "flows": [
                {
                    "name": "helloWorldFlow",
                    "description": "Greets the world.",
                    "type": "STANDARD",
                    "schedule": None,
                    "inputSchema": None,
                    "definition": {
                        "StartAt": "HelloWorld",
                        "States": {"HelloWorld": {"Type": "Task", "Resource": "${HelloWorldFunctionArn}", "End": True}},
                    },
                    "created": "2026-11-27T02:23:57.336Z",
                }
            ],
            "count": 1,
            "nextToken": "aGVsbG9Xb3JsZEZsb3c",
        }
    },
    "getFlow": {
        "200": {
            "file": "flows/helloWorldFlow.yml",
            "source": "name: helloWorldFlow\ndescription: Greets the world.\n",
            "findings": [],
            "uses": [
                {
                    "alias": "HelloWorldFunction",
                    "function": "hello_world",
                    "file": "chalicelib/lib/hello_world/handler.py",
                    "timeout": 30,
                    "memory": 256,
                }
            ],
            "references": [],
            "accessGroups": [],
            "labels": {},
            "permissions": [
                {
                    "sid": "LambdaInvokeFunction",
                    "effect": "Allow",
                    "actions": ["lambda:InvokeFunction"],
                    "resources": ["${HelloWorldFunctionArn}"],
                    "note": "",
                }
            ],
            "graph": {
                "width": 154.0,
                "height": 192.0,
                "nodes": [
                    {
                        "path": "/States/HelloWorld",
                        "name": "HelloWorld",
                        "kind": "task",
                        "container": False,
                        "x": 16.0,
                        "y": 78.0,
                        "width": 122.0,
                        "height": 36.0,
                    }
                ],
                "edges": [
                    {
                        "source": "n2",
                        "target": "/States/HelloWorld",
                        "line": "M77.0 34.0V78.0",
                        "joins": False,
                        "dashed": False,
                        "label": "",
                        "labelX": 16.0,
                        "labelY": 16.0,
                    }
                ],
            },
            "name": "helloWorldFlow",
            "description": "Greets the world.",
            "type": "STANDARD",
            "schedule": None,
            "inputSchema": None,
            "definition": {
                "StartAt": "HelloWorld",
                "States": {"HelloWorld": {"Type": "Task", "Resource": "${HelloWorldFunctionArn}", "End": True}},
            },
            "created": "2026-11-27T02:23:57.336Z",
        }
    },
    "startRun": {
        "202": {
            "message": "The flow dummy2StepFlow was started.",
            "executionArn": _ARN + "dummy2StepFlow:01a21ad3-68a5-76c4-b7dd-0f90ec8b3dd0",
            "executionId": "01a21ad3-68a5-76c4-b7dd-0f90ec8b3dd0",
            "flow": "dummy2StepFlow",
            "status": "SUCCESS",
            "runStatus": "RUNNING",
        },
        "200": _RUN,
    },
    "getRun": {"200": _RUN},
    "getRunHistory": {
        "200": {
            "events": [
                {
                    "timestamp": "2026-11-27T02:26:32.263Z",
                    "type": "ExecutionStarted",
                    "id": 1,
                    "previousEventId": 0,
                    "executionStartedEventDetails": {
                        "input": '{"__user_id":"e091d55d-1cdf-443c-8434-8ef4e133596c"}',
                        "inputDetails": {"truncated": False},
                    },
                }
            ],
            "count": 1,
            "nextToken": "PhNw_U9MqCBGfRk9okZknzE=",
        }
    },
    "getRunStates": {
        "200": {
            "states": [
                {
                    "path": "/States/Step1",
                    "name": "Step1",
                    "type": "Task",
                    "status": "SUCCEEDED",
                    "entered": "2026-11-27T02:26:32.267Z",
                    "exited": "2026-11-27T02:26:32.279Z",
                    "attempts": 1,
                    "error": None,
                    "cause": None,
                    "input": {"__user_id": "e091d55d-1cdf-443c-8434-8ef4e133596c"},
                    "output": {"statusCode": 200, "body": {"message": "Hello World"}},
                    "visits": 1,
                    "next": "Step2",
                }
            ],
            "nextToken": "WzYsMixudWxsLG51bGxd",
        }
    },
    "getRunDefinition": {
        "200": {
            "definition": {
                "StartAt": "HelloWorld",
                "States": {"HelloWorld": {"Type": "Task", "Resource": "${HelloWorldFunctionArn}", "End": True}},
            },
            "changed": False,
            "testable": True,
        }
    },
    "testRunState": {
        "200": {
            "status": "SUCCEEDED",
            "output": {"statusCode": 200, "body": {"message": "Hello World"}},
            "nextState": "Step2",
            "inspection": {
                "input": {"name": "Ada"},
                "afterInputPath": {"name": "Ada"},
                "result": {"statusCode": 200, "body": {"message": "Hello World"}},
            },
        }
    },
    "stopRun": {"200": _STOPPED},
    "redriveRun": {
        "202": {
            **_STOPPED,
            "status": "RUNNING",
            "stopDate": None,
            "durationSeconds": None,
            "redriveCount": 1,
            "error": None,
            "cause": None,
        }
    },
    "rerunRun": {
        "202": {
            "message": "The flow dummy2StepFlow was started again.",
            "executionArn": _ARN + "dummy2StepFlow:01a21ad3-8e4b-72e6-a099-4af6e1ef72a8",
            "executionId": "01a21ad3-8e4b-72e6-a099-4af6e1ef72a8",
            "flow": "dummy2StepFlow",
            "status": "SUCCESS",
            "runStatus": "RUNNING",
        }
    },
    "listRuns": {
        "200": {
            "executions": [
                {
                    "executionArn": _ARN + "dummy2StepFlow:01a21ad3-8e4b-72e6-a099-4af6e1ef72a8",
                    "executionId": "01a21ad3-8e4b-72e6-a099-4af6e1ef72a8",
                    "flow": "dummy2StepFlow",
                    "status": "RUNNING",
                    "startDate": "2026-11-27T02:26:41.867Z",
                    "stopDate": None,
                    "durationSeconds": None,
                    "startedBy": "run",
                    "userId": "e091d55d-1cdf-443c-8434-8ef4e133596c",
                    "parent": {
                        "executionArn": _ARN + "dummy2StepFlow:01a21ad3-68a5-76c4-b7dd-0f90ec8b3dd0",
                        "executionId": "01a21ad3-68a5-76c4-b7dd-0f90ec8b3dd0",
                        "flow": "dummy2StepFlow",
                    },
                    "labels": {},
                    "redriveCount": 0,
                    "flowName": "dummy2StepFlow",
                    "name": "01a21ad3-8e4b-72e6-a099-4af6e1ef72a8",
                    "error": None,
                }
            ],
            "count": 1,
            "nextToken": "WyIwMWEyMWFkMy04ZTRiLTcyZTYtYTA5OS00YWY2ZTFlZjcyYTgiLCI3YmFjNTc1MyJd",
        }
    },
    "listApprovals": {"200": {"approvals": [APPROVAL], "count": 1}},
    "getApproval": {"200": APPROVAL},
    "answerApproval": {"200": APPROVAL},
    "getOwnUsage": {
        "200": {"userId": "e091d55d-1cdf-443c-8434-8ef4e133596c", "usage": [{"yearMonth": "2026-11", "apiCalls": 18}]}
    },
    "listFunctions": {
        "200": {
            "functions": [
                {
                    "name": "my-function",
                    "description": "",
                    "plugin": None,
                    "inputSchema": None,
                    "outputSchema": None,
                    "error": {
                        "message": "SyntaxError: expected ':'",
                        "file": "chalicelib/lib/my-function/handler.py",
                        "line": 12,
                    },
                },
                {
                    "name": "ping",
                    "description": "Answer that the service is alive, as plain text.",
                    "plugin": None,
                    "inputSchema": {"type": "object"},
                    "outputSchema": {},
                },
            ],
            "count": 2,
        }
    },
    "getRunLogs": {
        "200": {
            "lines": [
                {
                    "time": "2026-11-27T02:26:35.847Z",
                    "level": "INFO",
                    "function": "serverless-dynamic-workflows-local-hello_world",
                    "state": "HelloWorld",
                    "attempt": 1,
                    "requestId": "caaac929-b9ec-4bd2-b085-8651c1f69e00",
                    "message": "Greeting Ada",
                }
            ]
        }
    },
    "rerunRuns": {
        "200": {
            "dryRun": False,
            "runs": [
                {
                    "flow": "dummy2StepFlow",
                    "executionId": "01a21ad3-8e4b-72e6-a099-4af6e1ef72a8",
                    "result": "started",
                    "startedExecutionId": "01a21ad3-8ec2-7a97-b859-c1822dcc87b3",
                }
            ],
            "count": 1,
            "refused": 0,
            "nextToken": "WyIwMWEyMWFkMy04ZTRiLTcyZTYtYTA5OS00YWY2ZTFlZjcyYTgiLCI3YmFjNTc1MyJd",
        }
    },
    "redriveRuns": {
        "200": {
            "dryRun": True,
            "runs": [
                {
                    "flow": "dummy2StepFlow",
                    "executionId": "01a21ad3-8e4b-72e6-a099-4af6e1ef72a8",
                    "result": "wouldRedrive",
                }
            ],
            "count": 1,
            "refused": 0,
        }
    },
    "getUsage": {
        "200": {"userId": "e091d55d-1cdf-443c-8434-8ef4e133596c", "usage": [{"yearMonth": "2026-11", "apiCalls": 18}]}
    },
    "getResourceMetadata": {
        "200": {
            "resource": "http://127.0.0.1:8000/mcp",
            "authorization_servers": [
                "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_f2c45f20f10147efb8a6f57066017436"
            ],
            "bearer_methods_supported": ["header"],
            "resource_name": "Serverless Dynamic Workflows",
        }
    },
    "getNamedResourceMetadata": {
        "200": {
            "resource": "http://127.0.0.1:8000/mcp",
            "authorization_servers": [
                "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_f2c45f20f10147efb8a6f57066017436"
            ],
            "bearer_methods_supported": ["header"],
            "resource_name": "Serverless Dynamic Workflows",
        }
    },
    "callMcp": {
        "200": {
            "jsonrpc": "2.0",
            "id": 1,
            "result": {
                "content": [{"type": "text", "text": '{"total":35.58}'}],
                "structuredContent": {"total": 35.58},
                "isError": False,
            },
        },
        "400": {
            "jsonrpc": "2.0",
            "error": {"code": -32700, "message": "The body cannot be read: it is not JSON (line 1, column 1)."},
        },
        "403": {
            "jsonrpc": "2.0",
            "error": {"code": -32600, "message": "The header Origin names a site that may not use this server."},
        },
        "404": {
            "jsonrpc": "2.0",
            "id": 1,
            "error": {"code": -32601, "message": "This server has no method 'prompts/list'."},
        },
    },
}
