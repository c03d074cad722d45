"""All counts in one run: ``make bench``."""

from bench import check_cold, check_warm, listing, side_by_side, trust

if __name__ == "__main__":
    for one in (check_warm, check_cold, trust, side_by_side, listing):
        one.main()
        print()
