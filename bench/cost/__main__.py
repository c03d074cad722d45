"""Write ``docs/cost.md`` and ``docs/scale.md``; with ``--measure`` after measuring durations."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.cost import scale
from bench.cost.page import DOCUMENT, DURATIONS, durations, measured, page
from bench.cost.prices import prices
from infra.app import make_app
from infra.platforms import Platform
from tests.template import stages


@contextmanager
def assemblies() -> Iterator[dict[str, Path]]:
    """The assemblies of both stages as they are deployed to AWS, with sample values in ``prod``."""
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for stage in (stages.dev(), stages.prod()):
            found[stage.name] = Path(folder) / stage.name
            app, _ = make_app(stage, Platform.AWS, out=str(found[stage.name]))
            app.synth()
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description="Write docs/cost.md.")
    parser.add_argument("--measure", action="store_true", help="measure the durations first")
    if parser.parse_args().measure:
        DURATIONS.write_text(measured(), encoding="utf-8")
        durations.cache_clear()
    with assemblies() as folders:
        text = page(folders, prices())
    DOCUMENT.write_text(text, encoding="utf-8")
    scale.DOCUMENT.write_text(scale.page(prices()), encoding="utf-8")
    sys.stdout.write("\n".join(text.splitlines()[8:16]) + "\n")


if __name__ == "__main__":
    main()
