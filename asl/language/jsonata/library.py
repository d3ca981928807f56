"""The JSONata library, imported on a thread that never ends.

The library keeps data of the thread that imports it first. When that thread ends, the process crashes at a later
compile on any other thread (jsonatapy 2.2.13). The main thread lasts as long as the process; on any other thread, one
that stays behind for this purpose does the import. So no caller needs to care where an expression is compiled first,
and a process that evaluates no expression does not load the library.
"""

from __future__ import annotations

import importlib
import threading


def _import_on_lasting_thread() -> None:
    imported = threading.Event()

    def import_and_stay() -> None:
        try:
            importlib.import_module("jsonatapy")
        except ImportError:
            return  # the import below raises it for the caller
        finally:
            imported.set()
        threading.Event().wait()

    threading.Thread(target=import_and_stay, name="jsonata-library", daemon=True).start()
    imported.wait()


if threading.current_thread() is not threading.main_thread():
    _import_on_lasting_thread()

import jsonatapy  # noqa: E402

__all__ = ["jsonatapy"]
