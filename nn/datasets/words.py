"""First names: a list of short words to learn the letters of."""

import gzip
from importlib import resources


def first_names() -> list[str]:
    """Return 5,163 first names, in lower case and in the order of the alphabet.

    They ship with the package (13 kB), and are those of the 1990 census of the United States that
    were frequent enough to be published: 2 to 11 letters from a to z.

    >>> names = first_names()
    >>> len(names), names[:3], max(names, key=len)
    (5163, ['aaron', 'abbey', 'abbie'], 'alejandrina')

    Source: United States Census Bureau, "Frequently occurring first names and surnames from the
    1990 census", 1995, files dist.male.first and dist.female.first; a work of the United States
    government, in the public domain. Names of both files stand here once; the frequencies are left
    out.
    """
    packed = resources.files("nn.datasets").joinpath("first_names.txt.gz")
    return gzip.decompress(packed.read_bytes()).decode("ascii").split()
