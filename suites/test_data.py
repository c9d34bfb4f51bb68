"""The data sets: equal to their sources, one clear error for every kind of damage."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import os
import sys
import threading
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gradcheck_reference import data
from gradcheck_reference.data import DataError, sources

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
REAL = os.environ.get("GRADCHECK_DATA") or (str(SHARED) if SHARED.is_dir() else None)
real = pytest.mark.skipif(
    REAL is None, reason="no real data: set GRADCHECK_DATA to a folder with the IDX files"
)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv("GRADCHECK_DATA", raising=False)


def images(n=20, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def write_set(folder, suffix=".gz", n=20):
    """A small data set in the published layout; returns the arrays by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for split, count in (("train", n), ("test", n // 2)):
        arrays[sources.FILES[split, "images"]] = images(count, seed=count)
        arrays[sources.FILES[split, "labels"]] = (np.arange(count) % 10).astype(np.uint8)
    for name, array in arrays.items():
        data.write_idx(folder / (name + suffix), array)
    return arrays


# --- spiral, vertical, sine


@pytest.mark.parametrize("seed", [0, 1, 7])
@pytest.mark.parametrize("name", ["spiral", "vertical"])
def test_toys_equal_nnfs_bit_for_bit(name, seed):
    datasets = pytest.importorskip("nnfs.datasets")
    state = np.random.get_state()
    try:
        np.random.seed(seed)
        X, y = getattr(datasets, f"{name}_data")(100, 3)
    finally:
        np.random.set_state(state)
    ours_X, ours_y = getattr(data, name)(100, 3, seed=seed)
    np.testing.assert_array_equal(ours_X, X, strict=True)
    np.testing.assert_array_equal(ours_y, y, strict=True)


def test_sine_equals_nnfs_bit_for_bit():
    datasets = pytest.importorskip("nnfs.datasets")
    for ours, theirs in zip(data.sine(), datasets.sine_data(), strict=True):
        np.testing.assert_array_equal(ours, theirs, strict=True)


def test_toys_leave_the_global_generator_alone():
    before = np.random.get_state()[1].copy()
    data.spiral(10, 2, seed=3), data.vertical(10, 2, seed=3), data.sine(10)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_toys_stay_float64_where_nnfs_was_initialised(monkeypatch):
    zeros, randn = np.zeros, np.random.randn
    expected = data.spiral(10, 2)[0]
    monkeypatch.setattr(np, "zeros", lambda *a, **k: zeros(*a, **{"dtype": "float32"} | k))
    monkeypatch.setattr(np.random, "randn", lambda *a: randn(*a).astype("float32"))
    np.testing.assert_array_equal(data.spiral(10, 2)[0], expected, strict=True)


@pytest.mark.parametrize(("samples", "classes"), [(0, 3), (10, 0), (10, 257)])
def test_toys_refuse_sizes_out_of_range(samples, classes):
    with pytest.raises(ValueError, match="but should be"):
        data.spiral(samples, classes)


# --- IDX


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("shape", [(5, 28, 28), (7,), (0,), (2, 3)])
def test_idx_round_trip(tmp_path, shape, suffix):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    data.write_idx(tmp_path / f"file{suffix}", array)
    got = data.read_idx(tmp_path / f"file{suffix}", ndim=len(shape))
    np.testing.assert_array_equal(got, array, strict=True)
    got[...] = 0  # the caller owns it


def test_idx_larger_than_one_piece(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (3000, 28, 28), dtype=np.uint8)
    data.write_idx(tmp_path / "file.gz", array)
    np.testing.assert_array_equal(data.read_idx(tmp_path / "file.gz"), array)


def damaged(kind):
    """The bytes of an IDX file of 20 images, damaged in one way."""
    content = bytes((0, 0, 8, 3)) + np.array((20, 28, 28), ">u4").tobytes() + images().tobytes()
    zipped = gzip.compress(content, mtime=0)
    flipped = bytearray(zipped)
    flipped[-5] ^= 0xFF  # the checksum of the content
    return {
        "empty": b"",
        "not idx": b"<html>404 not found</html>",
        "not idx, gzip": gzip.compress(b"<html>404</html>"),
        "wrong type": gzip.compress(bytes((0, 0, 13)) + content[3:]),
        "wrong dimensions": gzip.compress(content[:3] + b"\x01" + content[4:]),
        "truncated header": gzip.compress(content[:9]),
        "truncated data": gzip.compress(content[:-1]),
        "truncated, plain": content[:-1],
        "truncated gzip": zipped[: len(zipped) // 2],
        "gzip without its end": zipped[:-4],
        "damaged gzip": bytes(flipped),
        "too long": gzip.compress(content + b"\0"),
        "huge header": content[:4] + b"\xff" * 12 + content[16:],
        "trailing rubbish": zipped + b"rubbish",
    }[kind]


DAMAGE = {
    "empty": "not an IDX file",
    "not idx": "not an IDX file",
    "not idx, gzip": "not an IDX file",
    "wrong type": "0x0d, but should be 0x08",
    "wrong dimensions": r"dimensions = 1, but should be 3 \(images\)",
    "truncated header": "truncated inside its header",
    "truncated data": "truncated: 15,679 bytes of data, but .* needs 15,680",
    "truncated, plain": "truncated: 15,679 bytes",
    "truncated gzip": "damaged gzip",
    "gzip without its end": "damaged gzip",
    "damaged gzip": "damaged gzip",
    "too long": "longer than its header",
    "huge header": "its header asks for",
    "trailing rubbish": "damaged gzip",
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_idx_gets_one_clear_error(tmp_path, kind):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(damaged(kind))
    with pytest.raises(DataError, match=DAMAGE[kind]) as caught:
        data.read_idx(path, ndim=3)
    assert str(path) in str(caught.value)


def test_missing_idx(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        data.read_idx(tmp_path / "absent.gz")


def test_other_content_is_refused(tmp_path):
    data.write_idx(tmp_path / "file.gz", images())
    with pytest.raises(DataError, match="not the published file"):
        data.read_idx(tmp_path / "file.gz", sha256="0" * 64)


# --- local folders


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_local_folder(tmp_path, nested, suffix, monkeypatch):
    arrays = write_set(tmp_path / "mnist" if nested else tmp_path, suffix)
    monkeypatch.setenv("GRADCHECK_DATA", str(tmp_path))
    X, y = data.load_raw("mnist", "test", verify=False)
    np.testing.assert_array_equal(X, arrays["t10k-images-idx3-ubyte"])
    np.testing.assert_array_equal(y, arrays["t10k-labels-idx1-ubyte"])


def test_local_folder_is_verified(tmp_path):
    write_set(tmp_path)
    with pytest.raises(DataError, match="not the published file"):
        data.load_raw("mnist", "train", folder=tmp_path)


def test_local_folder_without_the_files(tmp_path):
    with pytest.raises(DataError, match="holds neither mnist/train-labels"):
        data.load_raw("mnist", "train", folder=tmp_path)


def test_unknown_names():
    with pytest.raises(DataError, match="data set = 'cifar', but should be one of mnist"):
        data.load_raw("cifar", "train")
    with pytest.raises(DataError, match="split = 'valid'"):
        data.load_raw("mnist", "valid", folder=".")


def test_labels_and_images_must_match(tmp_path):
    write_set(tmp_path)
    data.write_idx(tmp_path / "train-labels-idx1-ubyte.gz", np.zeros(19, np.uint8))
    with pytest.raises(DataError, match="20 images, but 19 labels"):
        data.load_raw("mnist", "train", folder=tmp_path, verify=False)


def test_labels_out_of_range(tmp_path):
    write_set(tmp_path)
    data.write_idx(tmp_path / "train-labels-idx1-ubyte.gz", np.full(20, 10, np.uint8))
    with pytest.raises(DataError, match="largest label = 10, but should be below 10"):
        data.load_raw("mnist", "train", folder=tmp_path, verify=False)


# --- downloads, from a server on this machine


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A local web server; returns its folder and a function that makes mirrors of subfolders."""
    pytest.importorskip("pooch")
    root = tmp_path / "www"
    root.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()

    def publish(*folders):
        arrays = write_set(root / "good")
        digests = {}
        for name, array in arrays.items():
            content = gzip.decompress((root / "good" / f"{name}.gz").read_bytes())
            digests[name] = hashlib.sha256(content).hexdigest()
            # Another wrapping of the same content, as real mirrors have.
            (root / "rewrapped").mkdir(exist_ok=True)
            (root / "rewrapped" / f"{name}.gz").write_bytes(gzip.compress(content, 1, mtime=9))
            assert array.size
        urls = tuple(f"http://127.0.0.1:{server.server_port}/{f}/" for f in folders)
        made = replace(sources.SOURCES["mnist"], mirrors=urls, sha256=digests)
        monkeypatch.setitem(sources.SOURCES, "mnist", made)
        return arrays

    yield root, publish
    server.shutdown()
    server.server_close()
    thread.join()


def cached_files(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("folders", [("good",), ("rewrapped",), ("absent", "rewrapped")])
def test_download_then_cache(tmp_path, mirror, folders):
    root, publish = mirror
    arrays = publish(*folders)
    cache = tmp_path / "cache"
    X, _ = data.load_raw("mnist", "train", cache=cache)
    np.testing.assert_array_equal(X, arrays["train-images-idx3-ubyte"])
    assert cached_files(cache) == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    for file in (root / folders[-1]).iterdir():
        file.unlink()  # the second time nothing is fetched
    again, _ = data.load_raw("mnist", "train", cache=cache)
    np.testing.assert_array_equal(again, X)


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_mirror_is_skipped_and_never_cached(tmp_path, mirror, kind):
    root, publish = mirror
    arrays = publish("bad", "good")
    (root / "bad").mkdir()
    for name in arrays:
        (root / "bad" / f"{name}.gz").write_bytes(damaged(kind))
    cache = tmp_path / "cache"
    X, _ = data.load_raw("mnist", "train", cache=cache)
    np.testing.assert_array_equal(X, arrays["train-images-idx3-ubyte"])
    for file in (root / "good").iterdir():
        file.unlink()
    again, _ = data.load_raw("mnist", "train", cache=cache)
    np.testing.assert_array_equal(again, X)


def test_no_mirror_gives_one_error_and_an_empty_cache(tmp_path, mirror):
    root, publish = mirror
    arrays = publish("bad", "absent")
    (root / "bad").mkdir()
    for name in arrays:
        (root / "bad" / f"{name}.gz").write_bytes(damaged("truncated data"))
    with pytest.raises(DataError, match="no mirror gave the published content") as caught:
        data.load_raw("mnist", "train", cache=tmp_path / "cache")
    message = str(caught.value)
    assert "/bad/" in message and "404" in message and "\n" not in message
    assert cached_files(tmp_path / "cache") == []


def test_a_damaged_cache_is_fetched_again(tmp_path, mirror):
    _, publish = mirror
    arrays = publish("good")
    cache = tmp_path / "cache"
    data.load_raw("mnist", "train", cache=cache)
    path = cache / "mnist" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:100])
    X, _ = data.load_raw("mnist", "train", cache=cache)
    np.testing.assert_array_equal(X, arrays["train-images-idx3-ubyte"])


def test_without_pooch_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'gradcheck\[data\]'"):
        data.load_raw("mnist", "train")


# --- scaling and shuffling


def test_scaling_values():
    row = np.array([[[0, 51, 255]]], dtype=np.uint8)
    symmetric = data.scale_images(row, dtype=np.float64)
    np.testing.assert_allclose(symmetric, [[-1.0, -0.6, 1.0]], rtol=1e-15)
    unit = data.scale_images(row, scaling="unit", dtype=np.float64)
    np.testing.assert_allclose(unit, [[0.0, 0.2, 1.0]], rtol=1e-15)


@pytest.mark.parametrize("scaling", data.SCALINGS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scaling_shapes_and_order(scaling, dtype):
    raw = images(2050)
    order = data.permutation(2050, seed=1)
    plain = data.scale_images(raw, scaling=scaling, dtype=dtype)
    assert plain.shape == (2050, 784) and plain.dtype == dtype and plain.flags.c_contiguous
    shuffled = data.scale_images(raw, scaling=scaling, order=order, dtype=dtype)
    np.testing.assert_array_equal(shuffled, plain[order], strict=True)
    tensor = data.scale_images(raw, scaling=scaling, flatten=False, dtype=dtype)
    np.testing.assert_array_equal(tensor.reshape(2050, 784), plain)
    assert tensor.shape == (2050, 1, 28, 28)


def test_scaling_refuses_what_is_not_images():
    with pytest.raises(DataError, match="float64 of shape"):
        data.scale_images(np.zeros((2, 28, 28)))
    with pytest.raises(DataError, match="scaling = 'both'"):
        data.scale_images(images(), scaling="both")


def test_preparation_holds_the_bytes_and_one_float_copy_only():
    raw = images(2000)
    order = data.permutation(2000, seed=0)
    tracemalloc.start()
    X = data.scale_images(raw, order=order)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < X.nbytes * 1.2  # a chunk of bytes is the only extra


def test_shuffling_is_one_permutation_and_repeats():
    X, y = np.arange(50.0)[:, None], np.arange(50)
    a, b = data.shuffle_together(X, y, seed=3)
    np.testing.assert_array_equal(a[:, 0], b)
    assert sorted(b) == list(y) and list(b) != list(y)
    np.testing.assert_array_equal(b, data.shuffle_together(X, y, seed=3)[1])
    assert list(b) != list(data.shuffle_together(X, y, seed=4)[1])
    with pytest.raises(DataError, match="len"):
        data.shuffle_together(X, y[:-1], seed=0)


# --- pictures


@pytest.fixture
def png_folder(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    raw = images(12)
    for split in ("train", "test"):
        for i in range(12):
            folder = tmp_path / "set" / split / str(i % 3)
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(raw[i]).save(folder / f"{i:04d}.png")
    return tmp_path / "set", raw


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("split", ["train", "test"])
def test_png_folder_and_zip(png_folder, zipped, split, tmp_path):
    root, raw = png_folder
    if zipped:
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
            for path in root.rglob("*.png"):
                archive.write(path, path.relative_to(tmp_path))
        root = tmp_path / "set.zip"
    X, y = data.load_png_folder(root, split)
    order = [i for k in range(3) for i in range(k, 12, 3)]
    np.testing.assert_array_equal(X, raw[order], strict=True)
    np.testing.assert_array_equal(y, np.array(order, np.uint8) % 3, strict=True)


def test_png_folder_errors(png_folder, tmp_path):
    root, _ = png_folder
    with pytest.raises(DataError, match=r"no images of the form valid/0/0000\.png"):
        data.load_png_folder(root, "valid")
    with pytest.raises(DataError, match="no such file or folder"):
        data.load_png_folder(root / "absent", "train")
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 not a zip")
    with pytest.raises(DataError, match="damaged zip"):
        data.load_png_folder(tmp_path / "bad.zip", "train")
    (root / "train" / "0" / "0000.png").write_bytes(b"not a png")
    with pytest.raises(DataError, match="not a readable image"):
        data.load_png_folder(root, "train")


def test_png_folder_of_different_sizes(png_folder):
    Image = pytest.importorskip("PIL.Image")
    root, _ = png_folder
    Image.new("L", (10, 28)).save(root / "train" / "2" / "0002.png")
    with pytest.raises(DataError, match=r"shape = \(28, 10\), but should be \(28, 28\)"):
        data.load_png_folder(root, "train")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1"])
def test_own_image_dark_on_white_is_inverted(tmp_path, mode):
    Image = pytest.importorskip("PIL.Image")
    picture = Image.new("L", (112, 112), 255)
    picture.paste(0, (40, 20, 72, 92))
    picture.convert(mode).save(tmp_path / "own.png")
    x = data.load_own_image(tmp_path / "own.png")
    assert x.shape == (1, 784) and x.dtype == np.float32
    assert x[0, 0] == -1.0 and x.reshape(28, 28)[14, 14] == 1.0
    kept = data.load_own_image(tmp_path / "own.png", invert=False)
    np.testing.assert_allclose(kept, -x, atol=1e-6)


def test_own_image_white_on_black_and_transparent(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    picture = Image.new("L", (28, 28), 0)
    picture.paste(255, (10, 10, 18, 18))
    picture.save(tmp_path / "white.png")
    assert data.load_own_image(tmp_path / "white.png")[0, 0] == -1.0
    clear = Image.new("RGBA", (28, 28), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (10, 10, 18, 18))
    clear.save(tmp_path / "clear.png")
    x = data.load_own_image(tmp_path / "clear.png").reshape(28, 28)
    assert x[0, 0] == -1.0 and x[14, 14] == 1.0


def test_named_predictions():
    assert data.named_predictions([[0.25, 0.75]], ("no", "yes")) == [("yes", 0.75)]
    with pytest.raises(DataError, match="3 class names, but should be 2"):
        data.named_predictions([[0.25, 0.75]], "abc")


def test_own_image_errors(tmp_path):
    pytest.importorskip("PIL.Image")
    with pytest.raises(DataError, match="no such file"):
        data.load_own_image(tmp_path / "absent.png")
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(DataError, match="not a readable image"):
        data.load_own_image(tmp_path / "text.png")


# --- the real files


@real
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_real_files(name):
    X, y = data.load_raw(name, "test", folder=REAL)
    assert X.shape == (10000, 28, 28) and np.bincount(y).size == 10
    if name == "fashion-mnist":
        assert (np.bincount(y) == 1000).all()


@real
def test_real_dataset_quick():
    small = data.load_dataset("mnist", folder=REAL, scaling="unit", limit=500, seed=1)
    assert small.X_train.shape == (500, 784) and small.X_test.shape == (500, 784)
    assert small.X_train.min() == 0.0 and small.X_train.max() == 1.0
    raw, labels = data.load_raw("mnist", "train", folder=REAL)
    order = data.permutation(60000, 1)[:500]
    np.testing.assert_array_equal(small.y_train, labels[order])
    np.testing.assert_allclose(small.X_train, raw[order].reshape(500, 784) / 255, rtol=1e-6)


@real
def test_loading_holds_the_bytes_and_one_float_copy_only():
    tracemalloc.start()
    loaded = data.load_dataset("mnist", folder=REAL)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    held = loaded.X_train.nbytes + loaded.X_test.nbytes
    raw = 60_000 * 784
    assert peak < held + raw + (8 << 20)
