"""Calls the API of a Serverless Dynamic Workflows project: runs flows, follows and repeats runs, calls functions.

```python
from sdw_client import Client

with Client("https://api.example.com", email="ada@example.com", password="...") as client:
    run = client.flow("orderFlow").run({"order_id": "A-1001"})
    print(run.result())
```

`AsyncClient` has the same methods, as coroutines.
"""

from sdw_client.client import AsyncClient, Client
from sdw_client.errors import (
    ApiError,
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    InvalidSignature,
    MethodNotAllowed,
    MfaCodeRequired,
    MfaSetupRequired,
    NewPasswordRequired,
    NotFound,
    NotSignedIn,
    RateLimited,
    RunFailed,
    SdwError,
    ServerError,
    SignInFailed,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    WaitTimeout,
)
from sdw_client.flows import AsyncFlow, Flow
from sdw_client.functions import AsyncFunction, Function
from sdw_client.models import (
    BulkResult,
    FailedAttempt,
    FlowDetails,
    FunctionDetails,
    Iterations,
    LogLine,
    Parent,
    Progress,
    RunDetails,
    State,
    Usage,
    User,
)
from sdw_client.retry import Retry
from sdw_client.runs import AsyncRun, AsyncRuns, Run, Runs

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "AsyncClient",
    "AsyncFlow",
    "AsyncFunction",
    "AsyncRun",
    "AsyncRuns",
    "BadRequest",
    "BulkResult",
    "Client",
    "Conflict",
    "FailedAttempt",
    "FieldError",
    "Flow",
    "FlowDetails",
    "Forbidden",
    "Function",
    "FunctionDetails",
    "Invalid",
    "InvalidSignature",
    "Iterations",
    "LogLine",
    "MethodNotAllowed",
    "MfaCodeRequired",
    "MfaSetupRequired",
    "NewPasswordRequired",
    "NotFound",
    "NotSignedIn",
    "Parent",
    "Progress",
    "RateLimited",
    "Retry",
    "Run",
    "RunDetails",
    "RunFailed",
    "Runs",
    "SdwError",
    "ServerError",
    "SignInFailed",
    "State",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "Usage",
    "User",
    "WaitTimeout",
]
