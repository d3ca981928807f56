"""How fast the flow compiler is: 1,000 flows of 10 states and 500 functions.

    python benchmarks/compiler.py [--flows 1000] [--functions 500] [--peers]

Measured in one run: only reading the files with PyYAML's CSafeLoader, checking and compiling them with an empty cache,
and again with a full one. The limits are ratios, since machines differ. `--peers` also measures, per flow, what
statelint (if installed) and cfn-lint take as a user would run them, a process each.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

MAX_RATIO = 2.5  # of checking and compiling to CSafeLoader
MAX_MEMORY = 500  # MB

_TASK = """\
    Step{n}:
      Type: Task
      Resource: ${{Function{f}Arn}}
      TimeoutSeconds: {timeout}
      Parameters:
        id.$: $.id
        name.$: States.Format('{{}}-{n}', $.name)
        options: {{verbose: true, limit: {timeout}, tags: [a, b, c]}}
      ResultPath: $.result{n}
      Retry:
        - ErrorEquals: [Runtime.ExitError, States.Timeout, Lambda.ServiceException, Lambda.TooManyRequestsException]
          IntervalSeconds: 2
          MaxAttempts: 3
          BackoffRate: 2
      Catch:
        - ErrorEquals: [States.ALL]
          ResultPath: $.error
          Next: Failed
      Next: {following}
"""
_CHOICE = """\
    Step{n}:
      Type: Choice
      Choices:
        - Variable: $.result{before}.amount
          NumericGreaterThan: {timeout}
          Next: {following}
        - And:
            - {{Variable: $.name, StringEquals: flow}}
            - {{Variable: $.id, IsPresent: true}}
          Next: Done
      Default: {following}
"""
_PASS = """\
    Step{n}:
      Type: Pass
      Parameters:
        id.$: $.id
        name.$: $.name
        result{before}.$: $.result{before}
      Next: {following}
"""


def flow_text(number: int, functions: int, rng: random.Random) -> str:
    """Return a realistic flow of ten states: eight steps of three kinds, a success and a failure."""
    used = [rng.randrange(functions) for _ in range(4)]
    lines = [
        f"name: flow{number}",
        f"description: Generated flow {number}.",
        "inputSchema:",
        "  type: object",
        "  required: [id]",
        "  properties:",
        "    id: {type: string, minLength: 1}",
        "    name: {type: string}",
        "    amount: {type: number, minimum: 0}",
        "functions:",
    ]
    for item in dict.fromkeys(used):
        lines += [f"  - name: Function{item}", f"    handler: functions/lib/function_{item}/handler.handler"]
        lines += ["    timeout: 60", "    memory: 256"]
    lines += ["definition:", "  StartAt: Step0", "  States:"]
    text = "\n".join(lines) + "\n"
    for n in range(8):
        following = f"Step{n + 1}" if n < 7 else "Done"
        shape = _TASK if n in (0, 2, 4, 6) else _CHOICE if n in (1, 5) else _PASS
        text += shape.format(n=n, f=used[n // 2], following=following, before=n - 1, timeout=rng.randrange(10, 60))
    return text + "    Done:\n      Type: Succeed\n    Failed:\n      Type: Fail\n      ErrorPath: $.error.Error\n"


def make_project(root: Path, flows: int, functions: int) -> None:
    """Write a project with the given numbers of flows and functions."""
    rng = random.Random(4)
    for number in range(functions):
        folder = root / "chalicelib" / "lib" / f"function_{number}"
        folder.mkdir(parents=True)
        (folder / "handler.py").write_text("def handler(event, context):\n    return {'amount': 1}\n")
    (root / "flows").mkdir()
    for number in range(flows):
        (root / "flows" / f"flow{number}.yml").write_text(flow_text(number, functions, rng))


def timed(call: Callable[[], object]) -> tuple[float, object]:
    """Return how many seconds a call takes, and its result."""
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


def load_all(root: Path) -> None:
    for file in (root / "flows").iterdir():
        yaml.load(file.read_text(), yaml.CSafeLoader)


def peers(root: Path) -> dict[str, float]:
    """Return how many seconds each peer takes for one flow in a process of its own."""
    from chalicelib.names import Names
    from compiler import compile_project

    definition = compile_project(root).flows["flow0"].render(Names("dev", "us-east-1", "123456789012"))
    found = {}
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/r", "Definition": json.loads(definition)},
    }
    template = root / "template.json"
    template.write_text(json.dumps({"Resources": {"Flow": machine}}))
    states = root / "flow.asl.json"
    states.write_text(definition)
    cfn_lint = shutil.which("cfn-lint") or str(Path(sys.executable).with_name("cfn-lint"))
    for name, command in (("cfn-lint", [cfn_lint, str(template)]), ("statelint", ["statelint", str(states)])):
        if shutil.which(command[0]):
            lint = partial(subprocess.run, command, capture_output=True, check=False)
            found[name] = min(timed(lint)[0] for _ in range(3))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--flows", type=int, default=1000)
    parser.add_argument("--functions", type=int, default=500)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    from compiler import Project, compile_project
    from compiler.cache import CACHE_FILE, forget_caches

    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        make_project(root, options.flows, options.functions)
        load_all(root)  # the files are in the page cache for everyone
        compile_project(root, [next((root / "flows").iterdir())], use_cache=False)  # imports are done
        reading, cold, warm = [], [], []
        for _ in range(3):
            reading.append(timed(lambda: load_all(root))[0])
            (root / CACHE_FILE).unlink(missing_ok=True)
            forget_caches()
            seconds, project = timed(lambda: compile_project(root))
            assert isinstance(project, Project)
            assert not project.errors and project.compiled_count == options.flows, project.errors[:3]
            cold.append(seconds)
            forget_caches()
            seconds, project = timed(lambda: compile_project(root))
            assert isinstance(project, Project) and project.compiled_count == 0
            warm.append(seconds)
        result = {
            "flows": options.flows,
            "yaml_seconds": min(reading),
            "cold_seconds": min(cold),
            "warm_seconds": min(warm),
            "ratio": min(cold) / min(reading),
            "max_ratio": MAX_RATIO,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "max_memory_mb": MAX_MEMORY,
            "per_flow_ms": min(cold) / options.flows * 1000,
        }
        if options.peers:
            result |= {f"{peer}_per_flow_ms": seconds * 1000 for peer, seconds in peers(root).items()}
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        for key, value in result.items():
            print(f"{key:<24}{value:10.2f}")
    return 0 if result["ratio"] <= MAX_RATIO and result["memory_mb"] <= MAX_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
