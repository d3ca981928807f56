"""What a stage costs, idle and by its runs: `python -m infrastructure.cost --stage prod --runs 1000000`.

`prices` is AWS's price list as far as the templates need it, `work` counts what one run of a flow does, `estimate` puts
a stage's resources, its work and the prices together.
"""
