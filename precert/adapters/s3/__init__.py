"""The buckets: documents, and compiled rule lists."""
