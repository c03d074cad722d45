"""A fresh process to its first answer, by the product's handler as it ships: no arguments.

Nothing is stubbed: the client calls whatever ``AWS_ENDPOINT_URL`` names.
"""

from bench.workers import given
from functions.check.handler import handle

if __name__ == "__main__":
    given.serve(handle, 1)
