"""Writes data/sample/zips.csv: ZIP codes around the sample directory, with their centres.

Run by hand when the directory reaches further: ``python -m data.make_zips``. The centres are those of
the ``zipcodes`` package (MIT), degrees.
"""

import csv
from pathlib import Path

import zipcodes

from precert.domain.directory import Place, miles_between

CENTRE = Place(latitude=41.4701, longitude=-81.5232)
"""ZIP code 44122, Beachwood, Ohio."""
RADIUS_MILES = 60.0
FURTHER_CITY = ("Columbus", "OH")
"""Also in, so that there are providers no search around the centre finds."""
TARGET = Path(__file__).parent / "sample" / "zips.csv"


def main() -> None:
    rows = []
    for entry in zipcodes.list_all():  # type: ignore[no-untyped-call]  # its stub lacks the types
        if not (entry["active"] and entry["lat"] and entry["long"]):
            continue
        place = Place(latitude=float(entry["lat"]), longitude=float(entry["long"]))
        near = miles_between(CENTRE, place) <= RADIUS_MILES
        if near or (entry["city"], entry["state"]) == FURTHER_CITY:
            rows.append((entry["zip_code"], f"{place.latitude:.4f}", f"{place.longitude:.4f}"))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("zip_code", "latitude", "longitude"))
        writer.writerows(sorted(rows))


if __name__ == "__main__":
    main()
