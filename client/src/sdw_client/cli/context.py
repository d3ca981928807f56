"""What the commands share: which API, whether to write JSON, where to write."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from sdw_client.client import Client, Options

F = TypeVar("F", bound=Callable[..., Any])

WIDE = 240
"""Columns of a table that no terminal shows: a program or a file gets whole lines."""


class OutputClosed(Exception):
    """Nobody reads the output any longer, as in `sdw runs | head -1`. Click would exit with 1 at an OSError."""


@dataclass
class Context:
    """The options that every command has; those after the command's name count more than those before it."""

    url: str | None = None
    stage: str | None = None
    as_json: bool = False
    _client: Client | None = field(default=None, repr=False)

    def client(self) -> Client:
        """Return a client of the API that the options mean."""
        if self._client is None:
            from sdw_client.client import Client
            from sdw_client.retry import Retry

            options: Options = {"retry": Retry(attempts=4, longest=10.0)}
            if self.stage is not None:
                options["stage"] = self.stage
            self._client = Client(self.url, **options)
        return self._client

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def show(self, document: Any, make: Callable[[], RenderableType]) -> None:
        """Write a value as JSON, or what `make` makes of it for people."""
        if self.as_json:
            write_json(document)
        else:
            terminal().print(make())

    def show_all(self, documents: Iterable[Any], make: Callable[[], RenderableType]) -> None:
        """Do the same for a list."""
        self.show(list(documents) if self.as_json else None, make)


def write_json(document: Any, *, indent: int | None = 2) -> None:
    """Write a value as JSON on the standard output."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:  # a locale without these characters, or an unpaired surrogate
        text = json.dumps(document, indent=indent)
    click.echo(text)


def terminal(*, stderr: bool = False) -> Console:
    """Return where rich writes."""
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> NoReturn:
            raise BrokenPipeError  # rich would exit with 1; `cli.app` decides for all commands

    console = Terminal(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDE
    return console


def common(command: F) -> F:
    """Give a command the options of every command; its first argument is the context."""

    @click.option("--url", metavar="URL", help="The API's address. Default: SDW_URL, the session file, the last login.")
    @click.option("--stage", metavar="NAME", help="The login to use (see `sdw login`). Default: SDW_STAGE.")
    @click.option("--json", "as_json", is_flag=True, help="Write JSON.")
    @click.pass_obj
    def with_context(context: Context, /, url: str | None, stage: str | None, as_json: bool, **others: Any) -> Any:
        context.url = url or context.url
        context.stage = stage or context.stage
        context.as_json = as_json or context.as_json
        try:
            return command(context, **others)
        except BrokenPipeError as error:
            raise OutputClosed from error

    wrapped: F = update_wrapper(with_context, command)  # type: ignore[assignment]
    return wrapped
