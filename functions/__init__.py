"""The Lambda functions, one folder each: parse, call one use case, convert its result."""
