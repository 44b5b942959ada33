"""Images from a photograph, from a folder, and halved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyhwnas.proxies import halved, image_labels, load_images, sample_images

RNG = np.random.default_rng(0)


def test_sample_images_are_fixed_and_standardised() -> None:
    pytest.importorskip("matplotlib")
    batch = sample_images(8, 48)
    assert batch.shape == (8, 3, 48, 48)
    assert batch.dtype == np.float32
    assert np.abs(batch.mean(axis=(0, 2, 3))).max() < 1e-4
    assert (batch == sample_images(8, 48)).all()
    assert (batch != sample_images(8, 48, seed=1)).any()


def test_image_folders(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    for i in range(3):
        pixels = RNG.integers(0, 255, (20 + i, 30, 3), dtype=np.uint8)
        image.fromarray(pixels).save(tmp_path / f"{i}.png")
    (tmp_path / "notes.txt").write_text("not an image")
    assert load_images(tmp_path, 3, 16).shape == (3, 3, 16, 16)
    with pytest.raises(ValueError, match="expected at least 4 images"):
        load_images(tmp_path, 4, 16)
    (tmp_path / "0.jpg").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"cannot read .*0\.jpg"):
        load_images(tmp_path, 4, 16)
    with pytest.raises(ValueError, match="expected a folder"):
        load_images(tmp_path / "nowhere")


@pytest.mark.parametrize("broken", [b"", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"P6 2 2 255 "])
def test_damaged_images_are_named(tmp_path: Path, broken: bytes) -> None:
    pytest.importorskip("PIL.Image")
    (tmp_path / "0.png").write_bytes(broken)
    with pytest.raises(ValueError, match=r"images: cannot read .*0\.png"):
        load_images(tmp_path, 1, 16)


def test_grey_and_transparent_images_have_three_channels(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    for mode in ("L", "RGBA", "P", "CMYK"):
        image.new(mode, (8, 8)).save(tmp_path / f"{mode}.{'tif' if mode == 'CMYK' else 'png'}")
    assert load_images(tmp_path, 4, 8).shape == (4, 3, 8, 8)


def test_no_images_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("PIL.Image")
    with pytest.raises(ValueError, match=r"expected at least 2 images in .*, got 0"):
        load_images(tmp_path, 2)
    with pytest.raises(ValueError, match="n: expected at least 1, got 0"):
        load_images(tmp_path, 0)
    with pytest.raises(ValueError, match="size: expected at least 1, got 0"):
        sample_images(2, 0)


def test_halved_images_keep_their_mean() -> None:
    batch = RNG.standard_normal((2, 3, 9, 6)).astype(np.float32)
    batch.setflags(write=False)
    half = halved(batch)
    assert half.shape == (2, 3, 4, 3)
    assert half.dtype == np.float32
    expected = batch[:, :, :8].reshape(2, 3, 4, 2, 3, 2).mean((3, 5))
    np.testing.assert_allclose(half, expected, rtol=1e-6)


def test_folders_are_classes_read_in_turn(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for name, count in (("cat", 3), ("dog", 1)):
        (tmp_path / name).mkdir()
        for number in range(count):
            image.new("RGB", (8, 8)).save(tmp_path / name / f"{number}.png")
    assert image_labels(tmp_path, 4).tolist() == [0, 1, 0, 0]
    assert load_images(tmp_path, 4, 8).shape == (4, 3, 8, 8)
    assert image_labels(tmp_path / "cat", 3) is None
    with pytest.raises(ValueError, match="at least 5 images"):
        image_labels(tmp_path, 5)
