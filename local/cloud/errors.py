"""What can go wrong with the local cloud, in words for the person who started it."""


class LocalCloudError(Exception):
    """The local cloud cannot do what was asked; the message is one line, ready to print."""
