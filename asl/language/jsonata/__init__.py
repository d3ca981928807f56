"""JSONata as AWS Step Functions evaluates it.

AWS runs JSONata 2.0.6 with `$states`, the assigned variables and six functions of its own, and without `$eval`
(https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html). It words failures as jsonata-js does.

Plain expressions (`$states.input.order.id`, `'text'`, `42`) become Python closures: they are most of what state
machines hold, and need no library. All others run on jsonatapy, which passes all but one of the 1,686 cases of
JSONata's own test suite and takes a few microseconds an evaluation (jsonata-python: 1,667 cases, up to a hundred times
slower). jsonata-python follows jsonata-js more closely where an expression fails, so it is asked for the message, and
for the syntax tree where a check needs one. Neither is imported before an expression needs it.
"""

from asl.language.jsonata.expressions import (
    compile_jsonata,
    compile_jsonata_field,
    compile_jsonata_template,
    expression_text,
)
from asl.language.jsonata.syntax import check_jsonata

__all__ = [
    "check_jsonata",
    "compile_jsonata",
    "compile_jsonata_field",
    "compile_jsonata_template",
    "expression_text",
]
