"""The data sets: their rules, their seeds, and what is said about damaged files and wrong input."""

import contextlib
import gzip
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import datasets
from nn.datasets import handwritten
from support.places import MNIST

GENERATORS = [
    datasets.moons,
    datasets.circles,
    datasets.spirals,
    datasets.xor,
    datasets.line,
]
CLASSIFIED = GENERATORS[:4]

by_name = pytest.mark.parametrize("generator", GENERATORS, ids=lambda g: g.__name__)
by_classified_name = pytest.mark.parametrize("generator", CLASSIFIED, ids=lambda g: g.__name__)


@by_name
def test_arrays_have_the_promised_shapes_and_types(generator):
    X, y = generator(30)
    assert X.shape == (30, 1 if generator is datasets.line else 2)
    assert X.dtype == np.float64
    assert y.shape == (30,)
    assert y.dtype == (np.float64 if generator is datasets.line else np.int64)


@by_name
def test_a_seed_gives_the_same_points_again_and_another_seed_others(generator):
    X, y = generator(50, seed=7)
    X_again, y_again = generator(50, seed=7)
    assert np.array_equal(X, X_again)
    assert np.array_equal(y, y_again)
    assert not np.array_equal(X, generator(50, seed=8)[0])


@by_name
def test_a_generator_of_numbers_is_drawn_from_and_moves_on(generator):
    rng = np.random.default_rng(7)
    first, second = generator(50, seed=rng), generator(50, seed=rng)
    assert np.array_equal(first[0], generator(50, seed=7)[0])
    assert not np.array_equal(first[0], second[0])


@by_name
def test_the_global_random_state_is_neither_read_nor_moved(generator):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not move
    generator(50, seed=7)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002 - as above


@by_classified_name
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 100])
def test_classes_are_balanced_and_shuffled(generator, n):
    _, y = generator(n, seed=3)
    counts = np.bincount(y, minlength=2)
    # xor shares out the four rows of its table, two to a class.
    assert abs(counts[0] - counts[1]) <= (2 if generator is datasets.xor else 1)
    if n == 100:
        assert 0 < y[:50].sum() < 50


@by_classified_name
def test_noise_only_scales_the_disturbance(generator):
    (clean, y), (half, y_half), (full, _) = (
        generator(40, noise=noise, seed=5) for noise in (0, 0.1, 0.2)
    )
    assert np.array_equal(y, y_half)
    np.testing.assert_allclose(full - clean, 2 * (half - clean), atol=1e-15)


def test_the_noise_has_the_standard_deviation_asked_for():
    clean, _ = datasets.moons(20_000, noise=0)
    noisy, _ = datasets.moons(20_000, noise=0.3)
    # The estimate from 40,000 draws has a standard error of 0.3 / sqrt(80,000), about 0.001.
    assert np.std(noisy - clean) == pytest.approx(0.3, abs=0.005)


def test_moons_lie_on_their_two_half_circles():
    X, y = datasets.moons(500, noise=0)
    outer, inner = X[y == 0], X[y == 1]
    np.testing.assert_allclose(np.linalg.norm(outer, axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(inner - [1, 0.5], axis=1), 1)
    assert outer[:, 1].min() >= 0
    assert inner[:, 1].max() <= 0.5


def test_circles_lie_on_their_radii():
    X, y = datasets.circles(500, noise=0, factor=0.3)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), np.where(y == 1, 0.3, 1))


def test_spiral_arms_are_each_others_rotations():
    X, y = datasets.spirals(600, noise=0, classes=3, turns=1.5)
    r = np.linalg.norm(X, axis=1)
    turned = np.arctan2(X[:, 1], X[:, 0]) / (2 * np.pi) - 1.5 * r - y / 3
    np.testing.assert_allclose(turned, np.round(turned), atol=1e-12)
    assert r.min() >= 0.1
    assert r.max() <= 1


def test_xor_without_noise_is_its_truth_table():
    X, y = datasets.xor(40, noise=0)
    a, b = X.T.astype(int)
    assert np.array_equal(y, a ^ b)
    assert np.array_equal(np.bincount(2 * a + b), [10, 10, 10, 10])


def test_the_line_has_the_optimum_printed_for_its_default_seed():
    X, y = datasets.line(200, seed=0)
    A = np.column_stack([X, np.ones(len(X))])
    best, *_ = np.linalg.lstsq(A, y)
    assert best == pytest.approx([1.96538, -1.00911], abs=5e-6)
    assert np.mean((A @ best - y) ** 2) == pytest.approx(0.2617, abs=5e-5)
    # The curvature of the mean squared error is that of its quadratic form, 2 A^T A / N.
    curvatures = np.linalg.eigvalsh(2 * A.T @ A / len(A))
    assert curvatures == pytest.approx([0.711, 5.198], abs=5e-4)


def test_the_line_without_noise_is_the_line():
    X, y = datasets.line(20, noise=0, slope=-3, intercept=4)
    np.testing.assert_allclose(y, 4 - 3 * X[:, 0])


@by_name
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n": 0}, ValueError, r"number of points, must be at least 1; got 0"),
        ({"n": -5}, ValueError, r"at least 1; got -5"),
        ({"n": 10.0}, TypeError, r"must be a whole number; got 10\.0"),
        ({"n": "10"}, TypeError, r"must be a whole number; got '10'"),
        ({"n": True}, TypeError, r"must be a whole number; got True"),
        ({"noise": -0.1}, ValueError, r"standard deviation, finite and at least 0; got -0\.1"),
        ({"noise": float("nan")}, ValueError, r"finite and at least 0; got nan"),
        ({"noise": float("inf")}, ValueError, r"finite and at least 0; got inf"),
        ({"noise": "0.1"}, TypeError, r"noise must be a number such as 0\.1.*got '0\.1'"),
        ({"seed": -1}, ValueError, r"seed must be at least 0; got -1"),
        ({"seed": None}, TypeError, r"seed must be a whole number; got None"),
    ],
)
def test_wrong_options_are_named_with_what_was_expected(generator, options, error, message):
    with pytest.raises(error, match=message):
        generator(**{"n": 10, **options})


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: datasets.circles(9, factor=1), r"between 0 and 1; got 1"),
        (lambda: datasets.spirals(9, classes=1), r"classes must be at least 2; got 1"),
        (lambda: datasets.spirals(9, turns=float("inf")), r"finite number, such as 1\.5; got inf"),
        (lambda: datasets.line(9, slope=float("nan")), r"must be finite; got nan and -1\.0"),
    ],
)
def test_wrong_shapes_of_a_class_are_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_numpy_whole_numbers_count_as_whole_numbers():
    X, _ = datasets.moons(np.int64(10), seed=np.uint8(3))
    assert np.array_equal(X, datasets.moons(10, seed=3)[0])


def test_digits_are_the_1797_of_the_repository():
    X, y = datasets.digits()
    assert X.shape == (1797, 64)
    assert (X.dtype, y.dtype) == (np.float64, np.int64)
    assert np.array_equal(X, X.round())
    assert (X.min(), X.max(), X.sum()) == (0, 16, 561_718)
    # The class counts that the repository prints for the test set.
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_are_new_arrays_each_time():
    X, y = datasets.digits()
    X[:], y[:] = -1, -1
    X_again, y_again = datasets.digits()
    assert X_again.min() == 0
    assert y_again.min() == 0


IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def idx(array):
    """Return ``array`` in the idx format."""
    header = bytes([0, 0, 8, array.ndim])
    return header + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


@pytest.fixture
def three_images(tmp_path):
    """A folder with three invented images and their labels, unpacked."""
    pixels = np.random.default_rng(0).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    (tmp_path / IMAGES).write_bytes(idx(pixels))
    (tmp_path / LABELS).write_bytes(idx(np.array([7, 0, 9], np.uint8)))
    return tmp_path, pixels


def test_mnist_reads_unpacked_packed_and_renamed_files_alike(three_images):
    folder, pixels = three_images
    X, y = datasets.mnist(folder)
    assert (X.dtype, y.dtype) == (np.float64, np.int64)
    assert np.array_equal(X, pixels.reshape(3, 784))
    assert y.tolist() == [7, 0, 9]

    content = (folder / IMAGES).read_bytes()
    (folder / IMAGES).unlink()
    # Packed in spite of its name, as an archive may be; then with the published name of one.
    for name in ("t10k-images.idx3-ubyte", f"{IMAGES}.gz"):
        path = folder / name
        path.write_bytes(gzip.compress(content))
        assert np.array_equal(datasets.mnist(str(folder))[0], X)
        path.unlink()


def test_mnist_reads_the_training_files_when_asked(three_images):
    folder, _ = three_images
    with pytest.raises(FileNotFoundError, match=r"holds neither train-images-idx3-ubyte nor"):
        datasets.mnist(folder, train=True)
    for name in (IMAGES, LABELS):
        (folder / name).rename(folder / name.replace("t10k", "train"))
    assert datasets.mnist(folder, train=True)[1].tolist() == [7, 0, 9]


def damage(name, change):
    """Return a function that rewrites the file ``name`` of a folder by ``change``."""

    def rewrite(folder):
        (folder / name).write_bytes(change((folder / name).read_bytes()))

    return rewrite


@pytest.mark.parametrize(
    ("rewrite", "message"),
    [
        pytest.param(
            damage(IMAGES, lambda content: content[:-1]),
            rf"{IMAGES}: the header announces 3 x 28 x 28 = 2352 bytes, found 2351",
            id="cut short",
        ),
        pytest.param(
            damage(IMAGES, lambda content: content + b"\0"),
            r"announces 3 x 28 x 28 = 2352 bytes, found 2353",
            id="too long",
        ),
        pytest.param(
            damage(IMAGES, lambda content: content[:9]),
            r"expected a header of 16 bytes, found 9 in all",
            id="cut in the header",
        ),
        pytest.param(
            damage(LABELS, lambda _: b""),
            rf"{LABELS}: expected an idx file .* starts with 2049; found no header",
            id="empty",
        ),
        pytest.param(
            damage(LABELS, lambda _: idx(np.zeros((3, 28, 28), np.uint8))),
            rf"{LABELS}: expected .* 1-dimensional bytes, which starts with 2049; found 2051",
            id="images in place of labels",
        ),
        pytest.param(
            damage(IMAGES, lambda _: b"<html>not found</html>"),
            r"starts with 2051; found 1013478509",
            id="a web page",
        ),
        pytest.param(
            damage(IMAGES, lambda content: gzip.compress(content)[:-20]),
            rf"{IMAGES}: the gzip file is cut short or damaged",
            id="gzip cut short",
        ),
        pytest.param(
            damage(IMAGES, lambda content: gzip.compress(content)[:-8] + b"\0" * 8),
            r"gzip file is cut short or damaged \(CRC check failed",
            id="gzip with a wrong checksum",
        ),
        pytest.param(
            damage(IMAGES, lambda content: gzip.compress(content)[:10] + b"\xff" * 20),
            r"gzip file is cut short or damaged",
            id="gzip with damaged content",
        ),
        pytest.param(
            damage(IMAGES, lambda _: idx(np.zeros((3, 8, 8), np.uint8))),
            r"expected images of 28 x 28 pixels, found 8 x 8",
            id="images of another size",
        ),
        pytest.param(
            damage(LABELS, lambda _: idx(np.zeros(2, np.uint8))),
            r"holds 3 images and .* 2 labels",
            id="fewer labels than images",
        ),
        pytest.param(
            damage(LABELS, lambda _: idx(np.array([1, 2, 10], np.uint8))),
            r"expected labels from 0 to 9, found 10",
            id="a label that is no digit",
        ),
    ],
)
def test_mnist_names_the_damaged_file_and_what_it_found(three_images, rewrite, message):
    folder, _ = three_images
    rewrite(folder)
    with pytest.raises(ValueError, match=message):
        datasets.mnist(folder)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("count", [3, 10**9, 2**32 - 1])
def test_mnist_takes_no_memory_on_the_word_of_a_header(three_images, pack, count):
    folder, _ = three_images
    for name, axes in ((IMAGES, (count, 28, 28)), (LABELS, (count,))):
        header = bytes([0, 0, 8, len(axes)]) + b"".join(n.to_bytes(4, "big") for n in axes)
        (folder / name).write_bytes(pack(header + b"\0" * 100))
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"announces {count}"):
        datasets.mnist(folder)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_mnist_unpacks_no_more_than_was_announced(three_images):
    folder, _ = three_images
    images = (folder / IMAGES).read_bytes()
    (folder / IMAGES).write_bytes(gzip.compress(images + b"\0" * 30_000_000))
    tracemalloc.start()
    with pytest.raises(ValueError, match="found 2353 or more"):
        datasets.mnist(folder)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_mnist_of_more_images_than_memory_is_refused(three_images, monkeypatch):
    monkeypatch.setattr(handwritten, "_MOST", 2)
    with pytest.raises(ValueError, match=r"expected at most 2 images.*found 3"):
        datasets.mnist(three_images[0])


@given(st.binary(max_size=40), st.sampled_from([IMAGES, LABELS]), st.booleans())
def test_any_bytes_are_refused_or_read(tmp_path_factory, content, name, packed):
    folder = tmp_path_factory.mktemp("idx")
    (folder / IMAGES).write_bytes(idx(np.zeros((1, 28, 28), np.uint8)))
    (folder / LABELS).write_bytes(idx(np.array([7], np.uint8)))
    (folder / name).write_bytes(gzip.compress(content) if packed else content)
    with contextlib.suppress(ValueError):
        datasets.mnist(folder)
    changed = bytearray((folder / IMAGES).read_bytes())
    changed[: len(content)] = content
    (folder / IMAGES).write_bytes(changed)
    with contextlib.suppress(ValueError):
        datasets.mnist(folder)


def test_mnist_says_which_folder_or_file_is_missing(three_images):
    folder, _ = three_images
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere: it should hold t10k-im"):
        datasets.mnist(folder / "nowhere")
    (folder / LABELS).unlink()
    with pytest.raises(FileNotFoundError, match=rf"holds neither {LABELS} nor {LABELS}\.gz"):
        datasets.mnist(folder)


@pytest.mark.skipif(not MNIST.is_dir(), reason="MNIST's test files are not beside the checkout")
def test_mnist_reads_the_genuine_test_files():
    X, y = datasets.mnist(MNIST)
    assert X.shape == (10_000, 784)
    assert (X.min(), X.max()) == (0, 255)
    assert np.bincount(y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert y[:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.parametrize("name", ["circles", "line", "moons", "spirals", "xor"])
def test_load_finds_each_generator_by_name(name):
    generator = getattr(datasets, name)
    X, y = datasets.load(name, n=30, noise=0.3, seed=4)
    assert np.array_equal(X, generator(30, noise=0.3, seed=4)[0])
    assert np.array_equal(y, generator(30, noise=0.3, seed=4)[1])
    assert np.array_equal(datasets.load(name)[0], generator(200)[0])


def test_load_finds_digits_and_mnist(three_images):
    assert np.array_equal(datasets.load("digits", seed=3)[0], datasets.digits()[0])
    assert datasets.load("mnist", folder=three_images[0])[1].tolist() == [7, 0, 9]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "mons"}, r"called 'mons'\. Did you mean 'moons'\? Known are circles, digits"),
        ({"name": "Digits"}, r"called 'Digits'\. Did you mean 'digits'\?"),
        ({"name": "zebra"}, r"called 'zebra'\. Known are circles, digits, line, mnist"),
        ({"name": "digits", "n": 5}, r"'digits' is a fixed set"),
        ({"name": "digits", "noise": 0.1}, r"'digits' is a fixed set"),
        ({"name": "moons", "folder": "x"}, r"folder is for 'mnist'"),
        ({"name": "mnist"}, r"give folder="),
    ],
)
def test_load_names_the_nearest_data_set_and_the_options_out_of_place(arguments, message):
    with pytest.raises(ValueError, match=message):
        datasets.load(**arguments)


def test_every_name_listed_is_a_function_of_the_package():
    assert set(datasets.names()) <= set(datasets.__all__)


def test_first_names_are_words_of_small_letters_each_once_in_order():
    names = datasets.first_names()
    assert names == sorted(set(names))
    assert {letter for name in names for letter in name} == set("abcdefghijklmnopqrstuvwxyz")
    assert {len(name) for name in names} == set(range(2, 12))
    assert {"mary", "james", "ada"} <= set(names)
