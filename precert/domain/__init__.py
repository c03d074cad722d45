"""The domain, independent of AWS: values, rules, clocks, statuses, the request."""
