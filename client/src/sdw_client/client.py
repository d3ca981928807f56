"""The client: everything begins here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypedDict, TypeVar, Unpack, cast

from sdw_client import connection
from sdw_client.cognito import Credentials
from sdw_client.core import Ask, Core, path
from sdw_client.drivers import AsyncDriver, Driver, SyncDriver
from sdw_client.flows import AsyncFlow, Flow
from sdw_client.functions import AsyncFunction, Function
from sdw_client.models import Document, Filters, FlowDetails, FunctionDetails, RunDetails, Usage, User
from sdw_client.operations import Async, Bound, Sync, listing, operation
from sdw_client.paging import pages
from sdw_client.retry import Retry
from sdw_client.runs import AsyncRun, AsyncRuns, Run, Runs
from sdw_client.steps import Items, Steps

if TYPE_CHECKING:
    import httpx

R = TypeVar("R")
F = TypeVar("F")
S = TypeVar("S")
N = TypeVar("N")


class Options(TypedDict, total=False):
    """Who calls, and how.

    `token` is an id token, or a function that returns one. `email` and `password` sign in with Cognito; `new_password`
    replaces a password that must be changed, and `code` is the code of the user's authenticator app, or a function that
    returns it, which is called only when Cognito asks for it. `session` is the file that `make run` writes. `stage` is
    the name of a login that `sdw login` keeps. Without any of them, the client takes what the command `sdw` would take.

    `retry` says how to repeat requests, `timeout` how many seconds to wait for an answer; `transport` replaces httpx's.
    """

    token: str | Callable[[], Any]
    email: str
    password: str
    new_password: str
    code: str | Callable[[], Any]
    session: str | Path
    stage: str
    retry: Retry
    timeout: float
    transport: httpx.BaseTransport | httpx.AsyncBaseTransport


class ClientOperations(Bound, Generic[F, R, S, N]):
    """What both clients can do."""

    _kinds: ClassVar[tuple[type[Any], type[Any], type[Any], type[Any]]]

    @property
    def url(self) -> str:
        """The API's address."""
        return self._core.url

    def flow(self, name: str) -> F:
        """Return the flow with this name. Nothing is asked yet."""
        return cast("F", self._kinds[0](self._core, name))

    def runs(self, **filters: Unpack[Filters]) -> S:
        """Return the runs that match all filters, newest first, to iterate over or to repeat."""
        return cast("S", self._kinds[2](self._core, filters))

    def function(self, name: str, *, idempotent: bool = False) -> N:
        """Return the function with this name. Nothing is asked yet.

        Args:
            name: Its name.
            idempotent: Whether a call may be repeated when it is not known whether it has begun.
        """
        return cast("N", self._kinds[3](self._core, name, idempotent))

    @operation
    def run(self, flow: str, run_id: str) -> Steps[R]:
        """Return a run.

        Args:
            flow: The flow's name.
            run_id: The execution's id or ARN.

        Raises:
            NotFound: There is no such run, or it is another user's.
        """
        document = yield from self._core.document(Ask("GET", path("run", flow, run_id)))
        return cast("R", self._kinds[1](self._core, RunDetails.of(document)))

    @listing
    def flows(self) -> Items[FlowDetails]:
        """Iterate over the flows, by name."""
        return pages(self._core, "/flows", {}, "flows", FlowDetails.of)

    @listing
    def functions(self) -> Items[FunctionDetails]:
        """Iterate over the functions, by name."""
        return pages(self._core, "/lib", {}, "functions", FunctionDetails.of)

    @operation
    def usage(self, user: str | None = None, since: str | None = None, until: str | None = None) -> Steps[list[Usage]]:
        """Return how often a user called the API, month by month.

        Args:
            user: A user's id; None for oneself. Others' usage is for members of the group `admin`.
            since: The first month, `YYYY-MM`.
            until: The last month, included.
        """
        where = path("usage") if user is None else path("usage", user)
        document = yield from self._core.document(Ask("GET", where, {"startDate": since, "endDate": until}))
        return [Usage(one["yearMonth"], one["apiCalls"]) for one in document["usage"]]

    @operation
    def user(self) -> Steps[User]:
        """Return who is signed in."""
        return User.of((yield from self._core.document(Ask("GET", "/auth/verify"))))

    @operation
    def auth_config(self) -> Steps[Document]:
        """Return how users sign in: `{region, userPoolId, userPoolClientId, issuer}`. Needs no user."""
        return (yield from self._core.document(Ask("GET", "/auth/config", is_public=True)))


class Client(ClientOperations[Flow, Run, Runs, Function], Sync):
    """Calls the API. To be used as a context manager, or closed.

    Args:
        url: The API's address, such as `apiUrl` in `.localcloud/session.json`. Without it, the client takes what the
            command `sdw` would take: `SDW_URL`, the session file of this folder, or the last login.
        options: See `Options`.

    Raises:
        NotSignedIn: There is no address.
    """

    _kinds = (Flow, Run, Runs, Function)

    def __init__(self, url: str | None = None, **options: Unpack[Options]) -> None:
        self._driver = SyncDriver(cast("httpx.BaseTransport | None", options.get("transport")))
        super().__init__(_core(url, options, self._driver))

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(ClientOperations[AsyncFlow, AsyncRun, AsyncRuns, AsyncFunction], Async):
    """Calls the API from an event loop: the same methods as `Client`, awaited. To be used with `async with`.

    Args:
        url: As for `Client`.
        options: See `Options`. A function as `token` or `code` may be a coroutine function.

    Raises:
        NotSignedIn: There is no address.
    """

    _kinds = (AsyncFlow, AsyncRun, AsyncRuns, AsyncFunction)

    def __init__(self, url: str | None = None, **options: Unpack[Options]) -> None:
        self._driver = AsyncDriver(cast("httpx.AsyncBaseTransport | None", options.get("transport")))
        super().__init__(_core(url, options, self._driver))

    async def close(self) -> None:
        """Close the connections."""
        await self._driver.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def _core(url: str | None, options: Options, driver: Driver) -> Core:
    retry = options.get("retry") or Retry()
    wanted = connection.Wanted(
        url=url,
        token=options.get("token"),
        user=_user(options),
        session=None if "session" not in options else Path(options["session"]),
        stage=options.get("stage"),
    )
    found = connection.find(wanted, retry)
    return Core(found.url, found.auth, driver, retry, options.get("timeout", 35.0))


def _user(options: Options) -> Credentials | None:
    if not {"email", "password", "new_password", "code"} & options.keys():
        return None
    if "email" not in options or "password" not in options:
        raise TypeError("Signing in needs both email and password.")
    return Credentials(options["email"], options["password"], options.get("new_password"), options.get("code"))
