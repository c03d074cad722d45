"""The page that shows the OpenAPI document at `/docs` of the local cloud. It is not deployed."""
