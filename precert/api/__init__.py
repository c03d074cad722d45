"""What callers of the HTTP API see: routes, request and answer models, problems."""
