"""What Task states can call, a module a family.

`registry` has the table of integrations: which object does the tasks of which resource. To add an integration, write a
class with the methods of `integration.Integration` and add one entry to the table. `resources` says under which names a
resource is looked up.

- `activity_tasks`, `lambda_functions`, `step_functions` and `http_calls` are the integrations of one kind each.
- `sdk` has the AWS SDK integrations and the optimized ones that are plain API calls, `jobs` those that run a job.
- `calls` runs calls on threads, `clients` keeps boto3's clients, `values` converts parameters and answers,
  `service_errors` words errors, `names` knows what services and errors are called, `api_models` checks parameters, and
  `emulation` corrects what the emulated services do differently from AWS.
"""
