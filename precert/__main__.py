"""``python -m precert``: the commands of a payer's operators."""

import sys

from precert.cli.main import main

sys.exit(main(sys.argv[1:]))
