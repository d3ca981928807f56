"""A new user's first quarter of an hour: sign in, break a flow, find the iteration that failed, fix it, run again."""

from __future__ import annotations

import re
import time

import pytest

from ..end_to_end.server import Server
from .conftest import Console

FLOW = """\
name: NAME
description: Prices the lines of an order.
inputSchema:
  type: object
  required: [lines]
  properties:
    lines: {type: integer, minimum: 1, default: COUNT}
definition:
  QueryLanguage: JSONata
  StartAt: Lines
  States:
    Lines:
      Type: Map
      Items: "{% [1..$states.input.lines].{'line': $, 'quantity': $ = SOLD_OUT ? 0 : 2} %}"
      ItemProcessor:
        StartAt: Price
        States:
          Price: {Type: Pass, Output: "{% {'each': OUTPUT} %}", End: true}
      Output: {priced: true}
      End: true
"""
BROKEN = "$states.input.quantity > 0 ? 10 : $error('line ' & $states.input.line & ' has no quantity')"
FIXED = "$states.input.quantity > 0 ? 10 : 0"
MINUTE = 60


@pytest.mark.parametrize("count", [300, pytest.param(5000, marks=pytest.mark.thorough)])
def test_the_iteration_that_failed_is_found_within_a_minute(console: Console, served: Server, count: int) -> None:
    name, line = f"e2eFirstUse{count}", count * 2 // 3
    file = served.project / "flows" / f"{name}.yml"

    def write(output: str) -> None:
        text = FLOW.replace("NAME", name).replace("COUNT", str(count)).replace("SOLD_OUT", str(line))
        file.write_text(text.replace("OUTPUT", output))

    write("$unknown(")
    page = console.page
    try:
        console.open("/")
        console.sign_in()
        page.get_by_role("row").filter(has_text=name).get_by_text("Broken").wait_for()
        page.get_by_role("link", name=name).click()
        page.get_by_role("list", name="Findings of the compiler").get_by_text("line 18").first.wait_for()

        write(BROKEN)  # the syntax is right now
        page.reload()
        page.get_by_role("button", name="Start", exact=True).click()
        page.get_by_role("button", name="Start the flow").click()
        page.wait_for_url(re.compile(rf"/console/runs/{name}/"))
        page.locator(".facts").get_by_text("Failed").wait_for()

        began = time.monotonic()
        page.get_by_role("button", name=re.compile("^Lines 1 of .* failed")).wait_for()
        page.keyboard.press("n")
        page.get_by_role("complementary", name="State Lines").wait_for()
        page.keyboard.press("n")
        panel = page.get_by_role("complementary", name="State Price")
        panel.get_by_text(f"line {line} has no quantity").first.wait_for()
        assert f"iteration={line - 1}" in page.url
        assert time.monotonic() - began < MINUTE

        write(FIXED)
        page.get_by_role("button", name="Run again", exact=True).click()
        before = page.url
        page.get_by_role("button", name="Run again with this input").click()
        page.wait_for_url(lambda url: url.split("?")[0] != before.split("?")[0])
        page.locator(".facts").get_by_text("Succeeded").wait_for()
    finally:
        file.unlink()
