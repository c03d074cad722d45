"""The error of the local cloud."""


class LocalCloudError(Exception):
    """A command of the local cloud failed; the message is one line for the user."""
