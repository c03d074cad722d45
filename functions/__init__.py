"""The Lambda functions, a folder each: parse, call one use case, map its answer."""
