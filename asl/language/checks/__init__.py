"""The rules that a definition must keep, one module for each rule or small family of rules.

To add a rule, add a module with a `RULES`: the registry finds it, and its examples are tested and documented. Nothing
else has to be edited. All problems of a definition are found in one pass; compiled expressions are cached, and the
engine uses the same cache.
"""
