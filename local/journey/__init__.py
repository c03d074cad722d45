"""The lifecycle of a request over HTTP, step by step, for the demo and the journey tests."""
