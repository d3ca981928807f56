"""What became of each state of a run, computed from the execution's history.

`outline` knows where each state is in the definition. `fold` takes the events one by one and keeps a `Visit` for each
time that a state was entered (`visits`). `reading` gets the events from Step Functions, `children` finds the executions
of distributed Maps, and `answer` puts pages together for the API.
"""
