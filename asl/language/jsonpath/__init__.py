"""JSONPath as AWS Step Functions evaluates it.

AWS uses the Jayway dialect: a path that can match at most one node is *definite* and fails where that node is missing;
a path with `*`, `..`, a slice, a union or a filter is *indefinite* and always answers with a list, empty where nothing
matches (https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html). A path starts at the
data (`$`), the context object (`$$`) or a variable (`$name`).
"""

from asl.language.jsonpath.parser import parse_path
from asl.language.jsonpath.paths import compile_lookup, compile_path
from asl.language.jsonpath.reference import ReferencePath, compile_reference_path

__all__ = ["ReferencePath", "compile_lookup", "compile_path", "compile_reference_path", "parse_path"]
