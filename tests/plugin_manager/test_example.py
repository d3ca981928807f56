"""The documentation's example, installed from a repository on disk."""

from __future__ import annotations

import json

from chalicelib.names import Names
from chalicelib.plugins import installed, load_hook
from compiler import compile_project

from .conftest import MakeRemote, Project, example_files
from .projects import write


def test_each_part_of_it_is_used(project: Project, make_remote: MakeRemote) -> None:
    write(project.root, {"flows/loud.yml": "name: loudFlow\ndescription: ORDERS!\nsteps: [{greet: de}]\n"})
    project.asks_for(make_remote("greetings", example_files()).url).install(yes=True)
    (plugin,) = installed(project.root)
    compiled = compile_project(project.root)
    assert [(d.check, d.line) for d in compiled.diagnostics] == [("greetings/no-shouting", 2)]
    assert compiled.flows["loudFlow"].functions[0].function == "greetings_hello"
    definition = json.loads(compiled.flows["greetingsFlow"].render(Names("dev", "us-east-1", "123456789012")))
    assert definition["States"]["parallel"]["Branches"][1]["StartAt"] == "Greet in fr"
    assert callable(load_hook(plugin, plugin.routes["GET /hello/{name}"]))
    assert any("expects the secret GREETINGS_SIGNATURE" in line for line in project.said)
