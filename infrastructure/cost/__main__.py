"""Estimates what a stage costs in a month: `python -m infrastructure.cost --stage prod --runs 1000000`.

--flow orderFlow             all runs are of this flow; otherwise they are spread evenly over the STANDARD flows
--requests 2                 calls of the API for each run
--function-milliseconds 100  how long a call of a flow's function takes
--map-items 1                items of each Map
--users 0                    users who sign in
--markdown                   print the table of docs/deploy.md

List prices of us-east-1 without free tiers. Data transfer, and what your functions call, is not included.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from chalicelib.names import EXPRESS
from compiler import Project
from infrastructure.cost.estimate import Assumptions, Estimate, Line
from infrastructure.cost.prices import AS_OF, REGION
from infrastructure.cost.work import FlowWork, Mix
from infrastructure.errors import DeploymentError
from infrastructure.linting.templates import write_templates
from infrastructure.synthesis import checked_stage, compiled_flows


def main(argv: Sequence[str] | None = None) -> int:
    """Print the estimate, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.cost", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = Assumptions()
    parser.add_argument("--stage", required=True)
    parser.add_argument("--runs", type=int, default=usual.runs)
    parser.add_argument("--flow")
    parser.add_argument("--requests", type=int, default=usual.requests)
    parser.add_argument("--function-milliseconds", type=int, default=usual.function_milliseconds)
    parser.add_argument("--map-items", type=int, default=1)
    parser.add_argument("--users", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args(argv)
    try:
        stage = checked_stage(arguments.stage)
        flows = compiled_flows()
        mix = mix_of(flows, arguments.flow, arguments.map_items)
        with tempfile.TemporaryDirectory() as folder:
            (written,) = write_templates(Path(folder), [stage.name], flows)
            templates = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(written.glob("*.json"))]
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    assumptions = Assumptions(
        runs=arguments.runs,
        requests=arguments.requests,
        function_milliseconds=arguments.function_milliseconds,
        users=arguments.users,
    )
    resources = [resource for template in templates for resource in template["Resources"].values()]
    lines = Estimate(resources, stage, mix, assumptions).lines()
    calls = sum(mix.calls.values())
    print(
        f"stage {stage.name}, {arguments.runs:,} runs in a month, each with {mix.states:.1f} states and {calls:.1f} "
        f"calls of functions; list prices of {REGION}, {AS_OF}, without free tiers\n"
    )
    print("\n".join(table(lines, markdown=arguments.markdown)))
    return 0


def mix_of(flows: Project, flow: str | None, map_items: int) -> Mix:
    """Return what a run does on average.

    Args:
        flows: The flows of the project.
        flow: The only flow that runs; None for all STANDARD ones.
        map_items: The number of items of each Map.

    Raises:
        DeploymentError: There is no such flow, or it is EXPRESS.
    """
    standard = [name for name, each in flows.flows.items() if each.type != EXPRESS]
    if flow is not None and flow not in standard:
        raise DeploymentError(f"no STANDARD flow {flow!r}; there are: {', '.join(standard)}")
    work = FlowWork(flows.flows, map_items)
    works = [work.of(name) for name in ([flow] if flow else standard)]
    return Mix.of(works) if works else Mix(0.0, {})


def table(lines: Sequence[Line], *, markdown: bool) -> list[str]:
    """Return the lines of the table, with what is free in one of them, and the sums."""
    paid = [line for line in lines if line.idle or line.runs]
    rows = [(line.type.removeprefix("AWS::"), str(line.count), _dollars(line.idle), _dollars(line.runs), line.what)
            for line in lines if line in paid]  # fmt: skip
    idle, runs = (sum(((getattr(line, name)) for line in lines), Decimal(0)) for name in ("idle", "runs"))
    unused = [line for line in lines if line not in paid]
    rows += [(line.type.removeprefix("AWS::"), str(line.count), "", "", line.what) for line in unused]
    rows.append(("all", str(sum(line.count for line in lines)), _dollars(idle), _dollars(runs), ""))
    header = ("resource", "number", "idle, $ a month", "runs, $", "for")
    if markdown:
        return ["|" + "".join(f" {cell} |" if cell else " |" for cell in row) for row in [header, ("---",) * 5, *rows]]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(4)]
    return [
        f"{row[0]:{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}  {row[4]}".rstrip()
        for row in [header, *rows]
    ]


def _dollars(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount else ""


if __name__ == "__main__":
    sys.exit(main())
