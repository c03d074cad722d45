"""The page that shows the API's document at `/docs`; nothing of it is deployed."""
