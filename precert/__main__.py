"""``python -m precert``: what a payer's operators do by command."""

import sys

from precert.cli.main import main

sys.exit(main(sys.argv[1:]))
