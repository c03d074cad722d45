"""The public code sets as shipped, compiled once into ``build``."""

from functools import cache

from infra.code_sets import compiled
from precert.adapters.code_sets import SqliteCodeSets


@cache
def code_sets() -> SqliteCodeSets:
    return SqliteCodeSets(compiled)
