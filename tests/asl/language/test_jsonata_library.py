"""The library is imported on a thread that lasts, wherever the first expression is compiled."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

THREADS_COME_AND_GO = """
import sys
import threading

def on_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

def evaluate(count=[0]):
    from asl.language.jsonata import compile_jsonata
    from asl.language.scope import Scope

    count[0] += 1
    assert compile_jsonata(f"$sum([1, 2]) + {count[0]}")(Scope({})) == 3 + count[0]

def compile_flow():
    from asl.language.jsonata import check_jsonata

    assert check_jsonata("$uppercase($states.input.name)") is None

for _ in range(30):
    on_a_thread(FIRST)
    on_a_thread(evaluate)
evaluate()
assert "jsonatapy" in sys.modules
print("survived")
"""


@pytest.mark.parametrize("first", ["evaluate", "compile_flow"])
def test_the_thread_of_the_first_expression_may_end(first: str) -> None:
    code = THREADS_COME_AND_GO.replace("FIRST", first)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr


def test_a_missing_library_is_an_import_error_on_any_thread() -> None:
    code = (
        "import sys, threading\n"
        "sys.modules['jsonatapy'] = None\n"
        "problems = []\n"
        "def load():\n"
        "    try:\n"
        "        import asl.language.jsonata.library\n"
        "    except ImportError as problem:\n"
        "        problems.append(problem)\n"
        "thread = threading.Thread(target=load); thread.start(); thread.join()\n"
        "assert len(problems) == 1\n"
        "assert threading.active_count() == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=300)


def test_nothing_else_imports_the_library() -> None:
    importing = []
    for folder in ("asl", "chalicelib", "localcloud", "infrastructure", "plugin_manager", "admin"):
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            if "jsonatapy" in source and any(
                (isinstance(node, ast.Import) and any(name.name.startswith("jsonatapy") for name in node.names))
                or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("jsonatapy"))
                for node in ast.walk(ast.parse(source))
            ):
                importing.append(path.relative_to(ROOT).as_posix())
    assert importing == ["asl/language/jsonata/library.py"]
