"""How fast the Step Functions engine is, beside moto's interpreter and the npm package aws-local-stepfunctions.

    python benchmarks/engine.py [--node-modules DIR] [--rounds 3] [--markdown]

All engines run the same definitions on the same machine in one go, each in a process of its own; the best of the rounds
counts. Ours keeps the full history, as moto's does; the npm engine keeps none. To have the npm engine in the table:
`npm install --prefix DIR aws-local-stepfunctions` and `--node-modules DIR/node_modules`.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

EXECUTIONS = 500
AT_ONCE = 50
MIN_RATIO_TO_MOTO = 50
MAX_FIRST_RESULT_SECONDS = 0.4


def chain(length: int) -> dict[str, Any]:
    """So many Pass states in a row."""
    states: dict[str, Any] = {
        f"S{n}": {"Type": "Pass", "Result": n, "ResultPath": "$.n", "Next": f"S{n + 1}"} for n in range(length)
    }
    last = states[f"S{length - 1}"]
    del last["Next"]
    last["End"] = True
    return {"StartAt": "S0", "States": states}


FIVE = {
    "StartAt": "Set",
    "States": {
        "Set": {"Type": "Pass", "Result": {"amount": 120}, "ResultPath": "$.order", "Next": "Large"},
        "Large": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.order.amount", "NumericGreaterThan": 100, "Next": "Shape"}],
            "Default": "Done",
        },
        "Shape": {"Type": "Pass", "Parameters": {"amount.$": "$.order.amount", "kind": "large"}, "Next": "Mark"},
        "Mark": {"Type": "Pass", "Result": True, "ResultPath": "$.marked", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    },
}
MAP = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Item",
                "States": {"Item": {"Type": "Pass", "End": True}},
            },
            "End": True,
        }
    },
}
CHAIN = chain(100)
ITEMS = list(range(1000))

# Row, number of states, what is done.
ROWS = (
    ("create + 1 Pass", 1),
    ("chain of 100", 100),
    ("Map of 1,000 items", 1001),
    (f"{EXECUTIONS} executions of 5 states, one after another", EXECUTIONS * 5),
    (f"{EXECUTIONS} executions of 5 states, {AT_ONCE} at once", EXECUTIONS * 5),
)


class Ours:
    """This project's engine."""

    def __init__(self) -> None:
        from asl import Engine

        self.engine = Engine(tasks=None)  # type: ignore[arg-type]  # no flow here has a task
        self.made = 0

    def create(self, definition: dict[str, Any]) -> Any:
        from asl import StateMachine

        self.made += 1
        # A comment of its own, so that nothing compiled before is found again.
        text = json.dumps({**definition, "Comment": str(self.made)})
        return StateMachine(f"arn:aws:states:us-east-1:123456789012:stateMachine:m{self.made}", "m", text)

    def run(self, machine: Any, value: Any) -> str:
        return self.engine.run(machine, json.dumps(value)).status

    def run_many(self, machine: Any, count: int) -> None:
        started = [self.engine.start(machine, "{}") for _ in range(count)]
        for execution in started:
            execution.wait()
            assert execution.status == "SUCCEEDED"


class Moto:
    """moto's interpreter, asked directly and not over HTTP or botocore, which is to its advantage.

    As it comes, it gives all unnamed executions one ARN: names are made here. It also waits for the workers of a Map
    with a poll; that stays, it is its design.
    """

    def __init__(self) -> None:
        import os

        os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
        from moto.core.config import default_user_config
        from moto.stepfunctions.models import stepfunctions_backends
        from moto.stepfunctions.parser.models import StepFunctionsParserBackend

        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        self.backend = StepFunctionsParserBackend("us-east-1", "123456789012")
        stepfunctions_backends["123456789012"]["us-east-1"] = self.backend
        self.made = 0

    def create(self, definition: dict[str, Any]) -> Any:
        self.made += 1
        machine = self.backend.create_state_machine(
            name=f"m{self.made}",
            definition=json.dumps(definition),
            roleArn="arn:aws:iam::123456789012:role/r",
        )
        return machine.arn

    def _start(self, arn: str, value: Any) -> Any:
        self.made += 1
        return self.backend.start_execution(arn, f"e{self.made}", json.dumps(value))

    @staticmethod
    def _wait(execution: Any) -> str:
        # Its end sets the status last; a short sleep between looks costs it less than the 2.6 ms that a state takes.
        while execution.exec_status in (None, "RUNNING"):
            time.sleep(0.0002)
        return str(execution.exec_status.value)

    def run(self, machine: Any, value: Any) -> str:
        return self._wait(self._start(machine, value))

    def run_many(self, machine: Any, count: int) -> None:
        for execution in [self._start(machine, {}) for _ in range(count)]:
            assert self._wait(execution) == "SUCCEEDED"


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The best time of so many rounds."""
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def measure(engine: Any, rounds: int) -> list[float]:
    """The seconds of each row."""
    one = chain(1)

    def create_and_run() -> None:
        assert engine.run(engine.create(one), {}) == "SUCCEEDED"

    def one_after_another() -> None:
        for _ in range(EXECUTIONS):
            engine.run(five, {})

    def at_once() -> None:
        for _ in range(EXECUTIONS // AT_ONCE):
            engine.run_many(five, AT_ONCE)

    hundred, items, five = engine.create(CHAIN), engine.create(MAP), engine.create(FIVE)
    for machine, value in ((hundred, {}), (items, ITEMS), (five, {})):
        assert engine.run(machine, value) == "SUCCEEDED"
    create_and_run()
    return [
        seconds(create_and_run, rounds * 5),
        seconds(lambda: engine.run(hundred, {}), rounds),
        seconds(lambda: engine.run(items, ITEMS), rounds),
        seconds(one_after_another, rounds),
        seconds(at_once, rounds),
    ]


NODE = """
const { StateMachine } = require(process.argv[2]);
const { FIVE, CHAIN, MAP, ITEMS, ONE, EXECUTIONS, AT_ONCE, ROUNDS } = JSON.parse(process.argv[3]);
const run = (machine, input) => machine.run(input).result;
async function seconds(work, rounds) {
  let best = Infinity;
  for (let i = 0; i < rounds; i++) {
    const began = process.hrtime.bigint();
    await work();
    best = Math.min(best, Number(process.hrtime.bigint() - began) / 1e9);
  }
  return best;
}
(async () => {
  const hundred = new StateMachine(CHAIN), items = new StateMachine(MAP), five = new StateMachine(FIVE);
  await run(hundred, {}); await run(items, ITEMS); await run(five, {});
  console.log(JSON.stringify([
    await seconds(() => run(new StateMachine(ONE), {}), ROUNDS * 5),
    await seconds(() => run(hundred, {}), ROUNDS),
    await seconds(() => run(items, ITEMS), ROUNDS),
    await seconds(async () => { for (let i = 0; i < EXECUTIONS; i++) await run(five, {}); }, ROUNDS),
    await seconds(async () => {
      for (let i = 0; i < EXECUTIONS / AT_ONCE; i++)
        await Promise.all(Array.from({ length: AT_ONCE }, () => run(five, {})));
    }, ROUNDS),
  ]));
})();
"""

FIRST_RESULT = {
    "ours": "from benchmarks.engine import Ours, FIVE; e = Ours(); assert e.run(e.create(FIVE), {}) == 'SUCCEEDED'",
    "moto": "from benchmarks.engine import Moto, FIVE; e = Moto(); assert e.run(e.create(FIVE), {}) == 'SUCCEEDED'",
}


def first_result(name: str, rounds: int) -> float:
    """Seconds from the start of a process to the result of its first execution."""

    def process() -> None:
        subprocess.run([sys.executable, "-c", FIRST_RESULT[name]], cwd=ROOT, check=True)

    return seconds(process, rounds)


def node_first_result(module: Path, rounds: int) -> float:
    """As `first_result`, for the npm engine."""
    code = (
        f"const {{ StateMachine }} = require({json.dumps(str(module))});"
        f"new StateMachine({json.dumps(FIVE)}).run({{}}).result.then(() => 0)"
    )
    return seconds(lambda: subprocess.run(["node", "-e", code], check=True), rounds)


def bytes_per_execution() -> tuple[int, int]:
    """What an execution of 5 states with its history keeps, ended and open, in bytes."""
    import tracemalloc

    from asl import StateMachine

    ours = Ours()
    machine = ours.create(FIVE)
    waiting = StateMachine(
        "arn:aws:states:us-east-1:123456789012:stateMachine:w",
        "w",
        json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}),
    )
    ours.engine.run(machine, "{}")
    sizes = []
    for make in (lambda: ours.engine.run(machine, "{}"), lambda: ours.engine.start(waiting, "{}")):
        tracemalloc.start()
        kept = [make() for _ in range(2000)]
        ours.engine.scheduler.help()
        sizes.append(tracemalloc.get_traced_memory()[0] // len(kept))
        tracemalloc.stop()
    return sizes[0], sizes[1]


def child(name: str, rounds: int) -> list[float]:
    """Measure an engine in a process of its own."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), "--engine", name, "--rounds", str(rounds)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    measured: list[float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def node(module: Path, rounds: int) -> list[float]:
    """Measure the npm engine."""
    constants = {
        "FIVE": FIVE,
        "CHAIN": CHAIN,
        "MAP": MAP,
        "ONE": chain(1),
        "ITEMS": ITEMS,
        "EXECUTIONS": EXECUTIONS,
        "AT_ONCE": AT_ONCE,
        "ROUNDS": rounds,
    }
    arguments = ["node", "-e", NODE, "-", str(module), json.dumps(constants)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    measured: list[float] = json.loads(done.stdout)
    return measured


def shown(value: float | None) -> str:
    """A time for people."""
    if value is None:
        return "-"
    return f"{value * 1e6:.0f} µs" if value < 1e-3 else f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.2f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--node-modules", type=Path, help="folder that holds aws-local-stepfunctions")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--engine", choices=["ours", "moto"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(measure(Ours() if options.engine == "ours" else Moto(), options.rounds)))
        return 0
    ours, moto = child("ours", options.rounds), child("moto", 1)
    module = options.node_modules and options.node_modules.resolve() / "aws-local-stepfunctions"
    has_node = bool(module) and module.is_dir() and shutil.which("node") is not None
    npm: list[float | None] = list(node(module, options.rounds)) if has_node else [None] * len(ROWS)
    rows = list(zip((row for row, _ in ROWS), ours, moto, npm, strict=True))
    start = (
        "process start to first result",
        first_result("ours", options.rounds),
        first_result("moto", 1),
        node_first_result(module, options.rounds) if has_node else None,
    )
    rows.append(start)
    header = ("", "ours", "moto", "npm", "moto / ours", "npm / ours")
    table = [
        (name, shown(us), shown(them), shown(js), f"{them / us:.0f}", "-" if js is None else f"{js / us:.1f}")
        for name, us, them, js in rows
    ]
    print_table(header, table, options.markdown)
    ended, waiting = bytes_per_execution()
    print(f"\nmemory an execution: {ended / 1024:.1f} KiB ended, with its 12 events; {waiting / 1024:.1f} KiB open")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")
    return verdict(rows)


def print_table(header: tuple[str, ...], rows: list[tuple[str, ...]], markdown: bool) -> None:
    """Print a table for a terminal or a page."""
    if markdown:
        for row in (header, ("---", *["---:"] * (len(header) - 1)), *rows):
            print("| " + " | ".join(row) + " |")
        return
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        print(
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            sep="  ",
        )


def verdict(rows: list[tuple[str, float, float, float | None]]) -> int:
    """Say which targets are missed; the exit status."""
    missed = [
        f"{name}: less than {MIN_RATIO_TO_MOTO} times moto"
        for name, us, them, _ in rows[:-1]
        if them / us < MIN_RATIO_TO_MOTO
    ]
    missed += [f"{name}: slower than npm" for name, us, _, js in rows if js is not None and us > js]
    if rows[-1][1] > MAX_FIRST_RESULT_SECONDS:
        missed.append(f"first result after more than {MAX_FIRST_RESULT_SECONDS} s")
    for line in missed:
        print("MISSED", line)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
