"""Compress the examples of a guide: ``python -m tests.guide_examples FOLDER NAME``."""

import sys
from pathlib import Path

from tests.guide_examples import compress

compress(Path(sys.argv[1]), sys.argv[2])
