"""Tables, images, model files and options that something happened to: read, or refused in words.

Whatever is changed in a file, nothing else than an error of ours comes of it, and soon.
"""

import gzip
import json
import os
import random
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import MLP, datasets
from nn.command.cli import COMMANDS
from nn.command.configuration import words_of
from nn.command.subcommand import Refusal
from support.chosen_profile import PROFILE
from support.damage import damaged

COUNT = 2_000 if PROFILE == "long" else 100
MOST = 50_000_000  # bytes


def images() -> bytes:
    pixels = np.random.default_rng(0).integers(256, size=2 * 28 * 28, dtype=np.uint8)
    return struct.pack(">4B3I", 0, 0, 8, 3, 2, 28, 28) + pixels.tobytes()


def labels() -> bytes:
    return struct.pack(">4BI", 0, 0, 8, 1, 2) + bytes([7, 1])


def read_images(path: Path) -> Any:
    return datasets.mnist(path.parent)


def read_options(path: Path) -> Any:
    return words_of(str(path), COMMANDS["train"], has_data=False)


TABLE = b'length;width;kind\n1,5;2;rose\n0,5;3;"iris; blue"\n2,25;1;rose\n'
OPTIONS = b'dataset = "moons"\nhidden = [8, 4]\nlr = 0.1\nepochs = 4\nloss = "cross_entropy"\n'
FILES: dict[str, tuple[bytes, Callable[[Path], Any]]] = {
    "table.csv": (TABLE, datasets.read_csv),
    "t10k-images-idx3-ubyte": (images(), read_images),
    "t10k-images-idx3-ubyte.gz": (gzip.compress(images(), mtime=0), read_images),
    "run.toml": (OPTIONS, read_options),
    "model.json": (b"", MLP.load),
}


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_read_or_refused_in_words(name: str, tmp_path: Path) -> None:
    good, read = FILES[name]
    path = tmp_path / name
    if name == "model.json":
        # As files of 0.1.0, which have no checksum: every change is looked at.
        MLP([2, 3, 1], seed=0).save(path)
        document = json.loads(path.read_text())
        del document["checksum"]
        good = json.dumps(document).encode()
    if read is read_images:
        (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(labels())
    path.write_bytes(good)
    read(path)
    rng = random.Random(3)
    refused = taken = 0
    tracemalloc.start()
    try:
        for _ in range(COUNT):
            bad = damaged(good, rng)
            path.write_bytes(bad)
            try:
                read(path)
                taken += 1
            except (ValueError, OSError, Refusal) as error:
                refused += bool(str(error))
            assert path.read_bytes() == bad
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()
    assert refused + taken == COUNT  # none without a word
    assert refused > COUNT // 10
    expected = {name, "t10k-labels-idx1-ubyte"} if read is read_images else {name}
    assert set(os.listdir(tmp_path)) == expected
