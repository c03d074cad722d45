"""A request's whole life over HTTP, told and proven step by step: the demo, and the journey tests."""
