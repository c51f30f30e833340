"""Run one part of the campaign: `python -m benchmarks.campaign numbers|fuzz|verdicts [...]`."""

import sys
from collections.abc import Sequence
from importlib import import_module

PARTS = {
    "numbers": "every row and random programs, by every road to a derivative",
    "fuzz": "the public names with a hundred kinds of bad values",
    "verdicts": "what the checker says of gradients that are known to be right or wrong",
}
USAGE = "usage: python -m benchmarks.campaign PART [options]; --help after a part tells them"


def main(arguments: Sequence[str] | None = None) -> int:
    """Give the rest of the command line to the part that its first word names."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in PARTS:
        wanted = given[:1] in (["-h"], ["--help"])
        lines = [f"  {name:9} {what}" for name, what in PARTS.items()]
        print("\n".join([USAGE, *lines]), file=sys.stdout if wanted else sys.stderr)
        return 0 if wanted else 2
    # Only the part that runs is imported: each has needs of its own.
    return import_module(f"benchmarks.campaign.{given[0]}").main(given[1:])


if __name__ == "__main__":
    raise SystemExit(main())
