"""Where the checkout is, and what lies beside it on some machines."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MNIST = ROOT.parent / "shared" / "data" / "mnist"
