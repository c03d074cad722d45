"""All counts of a check in one run: ``make bench``."""

from bench import check_cold, check_warm, side_by_side, trust

if __name__ == "__main__":
    for one in (check_warm, check_cold, trust, side_by_side):
        one.main()
        print()
