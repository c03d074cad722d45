"""The API's document to browse, at `/docs` on this machine; nothing of it is deployed."""
