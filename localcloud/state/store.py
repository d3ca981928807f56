"""Opens the state that a cloud keeps, or its substitute if nothing is kept."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from localcloud.settings import CloudSettings, SetupError
from localcloud.state.database import Database, NewerSchema, NotDurable
from localcloud.state.facts import Facts, FactsInMemory, KeptFacts
from localcloud.state.folder import InUse, StateFolder
from localcloud.state.marks import KeptMarks, Marks, MarksInMemory


class Store:
    """The open state of a cloud. `database` is None where nothing is kept."""

    def __init__(self, settings: CloudSettings) -> None:
        """Open the state in the settings' folder, unless they say that nothing is kept.

        Raises:
            SetupError: Another cloud has the folder, it can't be written, or a newer version wrote it.
        """
        self._closers = ExitStack()
        self.database: Database | None = None
        self.facts: Facts = FactsInMemory()
        self.marks: Marks = MarksInMemory()
        if not settings.keep:
            return
        try:
            self._open(settings.kept_folder)
        except BaseException:
            self._closers.close()
            raise

    def _open(self, path: Path) -> None:
        try:
            folder = StateFolder(path)
            self._closers.callback(folder.close)
            self.database = Database(folder.database_file)
            self._closers.callback(self.database.close)
            self.facts = KeptFacts(self.database)
            self.marks = KeptMarks(self.database)
        except InUse as error:
            raise SetupError(
                f"Another local cloud uses {path} ({error}): stop it, or set STATE=memory for this one."
            ) from None
        except NewerSchema as error:
            raise SetupError(f"{error}: update the project, or forget what was kept (make reset).") from None
        except (OSError, NotDurable) as error:
            raise SetupError(
                f"Cannot keep anything in {path} ({error}): make it writable for you, or set STATE=memory."
            ) from None

    def close(self) -> None:
        """Write what waits, and leave the folder to the next cloud."""
        self._closers.close()


def reset(settings: CloudSettings) -> str:
    """Forget what was kept.

    Returns:
        One line that says what was done.

    Raises:
        SetupError: A cloud of this project is running, or the folder can't be emptied.
    """
    if not settings.kept_folder.exists():
        return f"Nothing was kept in {settings.kept_folder}."
    try:
        StateFolder(settings.kept_folder).clear()
    except InUse as error:
        raise SetupError(f"A local cloud of this project is running ({error}): stop it first (Ctrl-C).") from None
    except OSError as error:
        raise SetupError(f"Cannot empty {settings.kept_folder}: {error}") from None
    return f"Forgot everything in {settings.kept_folder}."
