"""Files that something happened to: one change of a sound one, drawn."""


def damaged(sound, rng):
    """Return a file with something small, or large, changed in it."""
    at, kind = rng.randrange(len(sound)), rng.randrange(6)
    changed = bytearray(sound)
    if kind == 0:
        changed[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        digits = [i for i, b in enumerate(sound) if 48 <= b <= 57]
        place = rng.choice(digits)
        changed[place] = 48 + (changed[place] - 48 + rng.randint(1, 9)) % 10
    elif kind == 2:
        del changed[at:]
    elif kind == 3:
        del changed[at : at + rng.randint(1, 40)]
    elif kind == 4:
        changed[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 9)))
    else:
        a, b = sorted(rng.randrange(len(sound)) for _ in range(2))
        changed[a:b] = changed[a:b][::-1]
    return bytes(changed)
