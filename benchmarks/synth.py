"""How fast a stage is synthesised, beside the same state machines written with CDK's own constructs.

    python benchmarks/synth.py [--flows 100 1000] [--no-peer] [--markdown]

Each case is a process of its own, timed from its start to the written cloud assembly; memory is the peak of that
process and of the Node process that CDK runs in, added up. Of several rounds the fastest counts. Flows have ten states,
nine of which call Lambda functions. Ours includes reading and checking the YAML, and makes all of the stage but API and
functions: besides state machine, role and log group, which the peer makes as well, a version, an alias and a
schedule for each flow. The peer is measured with 100 flows, as more do not fit into one stack, and in two ways: as CDK
comes, and without the validation of templates that CDK adds by default. The app here leaves that out, since it sees no
nested stack; tests run cfn-lint.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PEER, UNVALIDATED = "CDK's constructs", "CDK's, not validated"
PEER_FLOWS = 100
MIN_RATIO = 5
"""How many times as fast as the peer as CDK comes, at 100 flows."""
MAX_SECONDS, MAX_MEMORY = 90, 2_000  # MB; with 1,000 flows
FUNCTIONS = 50
STATES = 10

_STATE = """\
    Step{n}:
      Type: Task
      Resource: arn:aws:states:::lambda:invoke
      Arguments: {{FunctionName: "${{function{f}}}", Payload: "{{% $states.input %}}"}}
      Output: "{{% $states.result.Payload %}}"
      TimeoutSeconds: 60
      Retry: [{{ErrorEquals: [Lambda.ServiceException, Lambda.TooManyRequestsException], MaxAttempts: 3}}]
      Next: Step{following}
"""


@dataclass(frozen=True)
class Result:
    """Seconds and MB of one case."""

    name: str
    flows: int
    seconds: float
    memory: float


def write_project(root: Path, flows: int) -> None:
    """Write a project with so many flows."""
    for number in range(FUNCTIONS):
        folder = root / "chalicelib" / "lib" / f"function{number}"
        folder.mkdir(parents=True)
        (folder / "handler.py").write_text("def handler(event, context):\n    return event\n")
    (root / "flows").mkdir()
    for flow in range(flows):
        states = "".join(_STATE.format(n=n, f=(flow + n) % FUNCTIONS, following=n + 1) for n in range(STATES - 1))
        (root / "flows" / f"flow{flow}.yml").write_text(
            f"name: flow{flow}\nschedule: rate(1 hour)\ndefinition:\n  QueryLanguage: JSONata\n  StartAt: Step0\n"
            f"  States:\n{states}    Step{STATES - 1}: {{Type: Succeed}}\n"
        )


def synthesise_ours(root: Path, outdir: Path) -> None:
    """The stage `prod` of the project, without API and functions, as `infrastructure.__main__` does it."""
    from infrastructure import preload

    preload.begin()
    from infrastructure.stages import PROD
    from infrastructure.synthesis import compiled_flows, new_app, synthesise

    flows = compiled_flows(root)
    synthesise(new_app(str(outdir)), PROD, "chalice", root, flows=flows)


def synthesise_peer(flows: int, outdir: Path) -> None:
    """The same state machines as a CDK developer writes them."""
    import aws_cdk as cdk
    from aws_cdk import aws_lambda, aws_logs
    from aws_cdk import aws_stepfunctions as sfn
    from aws_cdk import aws_stepfunctions_tasks as tasks

    app = cdk.App(outdir=str(outdir), analytics_reporting=False)
    stack = cdk.Stack(app, "Peer")
    arn = f"arn:aws:lambda:{stack.region}:{stack.account}:function:"
    functions = [
        aws_lambda.Function.from_function_arn(stack, f"Function{number}", f"{arn}function{number}")
        for number in range(FUNCTIONS)
    ]
    for flow in range(flows):
        chain: sfn.IChainable = sfn.Succeed(stack, f"Flow{flow}Step{STATES - 1}")
        for n in reversed(range(STATES - 1)):
            step = tasks.LambdaInvoke.jsonata(
                stack,
                f"Flow{flow}Step{n}",
                state_name=f"Step{n}",
                lambda_function=functions[(flow + n) % FUNCTIONS],
                payload=sfn.TaskInput.from_text("{% $states.input %}"),
                outputs="{% $states.result.Payload %}",
                task_timeout=sfn.Timeout.duration(cdk.Duration.seconds(60)),
                retry_on_service_exceptions=False,
            )
            step.add_retry(errors=["Lambda.ServiceException", "Lambda.TooManyRequestsException"], max_attempts=3)
            chain = step.next(chain)
        log = aws_logs.LogGroup(stack, f"Log{flow}", log_group_name=f"/aws/vendedlogs/states/flow{flow}")
        sfn.StateMachine(
            stack,
            f"Flow{flow}",
            state_machine_name=f"flow{flow}",
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(chain),
            logs=sfn.LogOptions(destination=log, level=sfn.LogLevel.ERROR),
            tracing_enabled=True,
        )
    app.synth()


def peak_memory() -> float:
    """MB: the peaks of this process and of those that it has started, added up (from Linux's /proc)."""
    waiting, found = ["self"], []
    while waiting:
        process = waiting.pop()
        found.append(process)
        for file in Path("/proc", process, "task").glob("*/children"):
            waiting += file.read_text().split()
    return sum(_peak(process) for process in found) / 1_000


def _peak(process: str) -> int:
    for line in Path("/proc", process, "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def measure(name: str, flows: int) -> Result:
    """Run one case in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder, "project"), flows)
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, __file__, "--case", name, "--flows", str(flows), "--folder", folder],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "CDK_VALIDATION": "false" if name == UNVALIDATED else "true"},
        )
        seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(done.stderr)
    return Result(name, flows, seconds, json.loads(done.stdout.splitlines()[-1])["memory"])


def main() -> int:
    """Measure, print, and hold the figures against their limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, nargs="+", default=[PEER_FLOWS, 1000])
    parser.add_argument("--no-peer", action="store_true", help="ours alone")
    parser.add_argument("--rounds", type=int, default=3, help="the fastest of so many counts")
    parser.add_argument("--markdown", action="store_true", help="print a table for docs/benchmarks.md")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        outdir = arguments.folder / "cdk.out"
        if arguments.case == "ours":
            synthesise_ours(arguments.folder / "project", outdir)
        else:
            synthesise_peer(arguments.flows[0], outdir)
        print(json.dumps({"memory": peak_memory()}))
        return 0
    cases = [("ours", flows) for flows in arguments.flows]
    if not arguments.no_peer:
        cases += [(PEER, PEER_FLOWS), (UNVALIDATED, PEER_FLOWS)]
    rounds = [[measure(name, flows) for name, flows in cases] for _ in range(arguments.rounds)]
    results = [min(found, key=lambda result: result.seconds) for found in zip(*rounds, strict=True)]
    mark = "|" if arguments.markdown else ""
    print(f"{mark} {'synthesis of':31} {mark} flows {mark} seconds {mark}    MB {mark}".strip())
    if arguments.markdown:
        print("|---|---|---|---|")
    for row in results:
        cells = (f"{row.name:31}", f"{row.flows:5}", f"{row.seconds:7.1f}", f"{row.memory:5.0f}")
        print(f"{mark} {f' {mark} '.join(cells)} {mark}".strip())
    return _judge(results)


def _judge(results: list[Result]) -> int:
    failures = [
        f"{r.flows} flows took {r.seconds:.0f} s and {r.memory:.0f} MB, of {MAX_SECONDS} s and {MAX_MEMORY} MB"
        for r in results
        if r.name == "ours" and r.flows <= 1000 and (r.seconds > MAX_SECONDS or r.memory > MAX_MEMORY)
    ]
    ours = next((r for r in results if r.name == "ours" and r.flows == PEER_FLOWS), None)
    peer = next((r for r in results if r.name == PEER), None)
    if ours and peer:
        ratio = peer.seconds / ours.seconds
        print(f"{PEER_FLOWS} flows: {ratio:.1f} times as fast (at least {MIN_RATIO})")
        if ratio < MIN_RATIO:
            failures.append(f"only {ratio:.1f} times as fast as CDK's constructs")
    for failure in failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
