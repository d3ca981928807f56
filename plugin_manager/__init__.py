"""Plugins: from `config.json` to `.plugins/`. Never deployed.

    config       what config.json asks for
    sources      what each entry means: a git repository, a folder, a Python package; and its credentials
    git          fetch a repository and read a commit
    git_errors   what git says when it fails, and the way out
    layout       which files of a plugin are taken; everything else stays out
    manifest     plugin.toml
    lock         plugins.lock: which commit, which content, what was agreed to
    flow_roles   what the roles of its flows would be granted
    consent      what a plugin may do, shown before it is installed
    clashes      two of one name, requirements that exclude each other
    requirements what plugins need of PyPI
    obtain       one plugin with its files, from wherever it is cheapest
    install      the whole of it: all or nothing
    freshness    whether there is anything to do; asked at every `make run`, and so quick
    testing      the pytest plugin that the tests of plugins run with

`python -m plugin_manager --help` is the command.
"""
