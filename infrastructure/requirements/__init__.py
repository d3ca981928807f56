"""The Python packages that the user's functions need: added, pinned, and checked for Lambda.

`files` reads and writes the requirements files, `resolving` asks pip which versions fit, `lambda_wheels` says whether
they run on Lambda and how large they are, `changes` puts it together. `make add` and `make remove` run
`python -m infrastructure.requirements`.
"""
