"""A warm check of five codes, the AWS call left out: ``python -m bench.check_warm``.

The product's handler as it ships, log line and metric included, against the same check by a bare
handler on dicts. Both must answer the same body.
"""

from bench import stand
from bench.counting import ROOT, Counted, CountingError, per_call

TARGET = 6.0
FASTAPI = ROOT / ".local" / "bench" / "lib" / "python3.11" / "site-packages"


def counts() -> dict[str, Counted]:
    """Each handler's count; raises where one answers something else."""
    folder, shipped = str(stand.sample().folder), stand.shipped()
    found = {
        "a bare handler on dicts": per_call("-m", "bench.workers.bare", folder, path=shipped),
        "precert": per_call("-m", "bench.workers.ours", folder, path=shipped),
    }
    if FASTAPI.exists():
        found["FastAPI + Mangum, same models and use case"] = per_call(
            "-m", "bench.workers.fastapi_check", folder, path=stand.beside(FASTAPI)
        )
    if len({counted.answer for counted in found.values()}) != 1:
        raise CountingError(f"the answers differ: {[one.answer for one in found.values()]}")
    return found


def main() -> None:
    found = counts()
    least = found["a bare handler on dicts"].instructions
    print(
        f"One warm check of five codes, no AWS call, one list of {stand.sample().rules:,} rules\n"
    )
    print("| handler | instructions | times the bare handler |\n| --- | ---: | ---: |")
    for name, counted in found.items():
        print(f"| {name} | {counted.instructions:,} | {counted.instructions / least:.2f} |")
    print(f"\nprecert is to need at most {TARGET} times the bare handler's.")


if __name__ == "__main__":
    main()
