"""What precertification is, without any cloud: values, rules, clocks, statuses, the request."""
