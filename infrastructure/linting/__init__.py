"""What linters say about the templates of the stages: `python -m infrastructure.linting`, `make templates`.

`templates` synthesises the stages, `tools` runs cfn-lint, checkov and cdk-nag and reads what they find, `excuses` reads
`infrastructure/excused.yml`. Each finding is fixed, or excused there with a reason; an excuse that excuses nothing is
an error as well.
"""
