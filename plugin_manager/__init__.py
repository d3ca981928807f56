"""Plugins: from `config.json` to `.plugins/`. Never deployed.

    freshness    whether there is anything to do; called by every `make run`, and therefore quick
    state        what the installed plugins depend on
    install      installs all plugins, or changes nothing
    config       what config.json asks for
    sources      what each entry means: a git repository, a folder or a Python package; its credentials
    git_address  the address of a repository
    variables    `${NAME}` in entries
    obtain       gets one plugin with its files, from the nearest place
    git          fetches repositories and reads commits
    git_errors   what a failure of git means, and what to do
    layout       which files of a plugin are installed
    manifest     plugin.toml
    flow_roles   what the roles of its flows would allow
    consent      shows what a plugin may do, and asks for consent
    clashes      finds plugins, functions, flows and steps with the same name
    requirements the Python packages that plugins require
    lock         plugins.lock: the commit, the content, and what was agreed to
    store        the folder .plugins/
    testing      the pytest plugin for the tests of plugins
    run_tests    runs the tests of installed plugins

The command is `python -m plugin_manager`.
"""
