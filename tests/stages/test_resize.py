"""Pictures are rendered on all cores, in order, and one that is broken never stops the rest."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ghibli_prep.demo.frames import PHOTOS
from ghibli_prep.errors import UsageError
from ghibli_prep.framing import Box
from ghibli_prep.samples import Found, Rendered, Unreadable
from ghibli_prep.settings import ResizeSettings
from ghibli_prep.stages.resize import resize


def pictures(count: int) -> Iterator[Found]:
    photos = sorted(PHOTOS.glob("*.jpg"))
    for number in range(count):
        photo = photos[number % len(photos)]
        yield Found(f"{number:064x}", f"film/{number}.jpg", photo)


def test_each_picture_becomes_a_square_jpeg_in_the_staging_folder_in_order(tmp_path: Path) -> None:
    settings = ResizeSettings(size=64)
    rendered = list(resize(pictures(12), settings, tmp_path, workers=4))
    assert [sample.identity for sample in rendered] == [f"{number:064x}" for number in range(12)]
    for sample in rendered:
        assert isinstance(sample, Rendered)
        with Image.open(sample.file) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 64))


def test_a_broken_picture_is_said_in_its_place_and_the_rest_goes_on(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes((PHOTOS / "coffee.jpg").read_bytes()[:5000])
    (tmp_path / "staging").mkdir()
    first, *rest = pictures(3)
    samples = list(
        resize([first, Found("b" * 64, "film/broken.jpg", broken), *rest], ResizeSettings(), tmp_path / "staging")
    )
    assert [type(sample) for sample in samples] == [Rendered, Unreadable, Rendered, Rendered]
    assert samples[1] == Unreadable("b" * 64, "film/broken.jpg", "cut off: the file ends too early")
    assert len(list((tmp_path / "staging").iterdir())) == 3


def test_no_more_than_a_few_are_rendered_ahead(tmp_path: Path) -> None:
    taken = []

    def counted() -> Iterator[Found]:
        for picture in pictures(40):
            taken.append(picture)
            yield picture

    stage = resize(counted(), ResizeSettings(size=32), tmp_path, workers=2)
    next(stage)
    assert len(taken) <= 4
    stage.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("resize")]


def test_a_staging_folder_that_is_gone_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        list(resize(pictures(1), ResizeSettings(), tmp_path / "nowhere"))


def test_people_are_kept_whole_where_it_is_known_where_they_are(tmp_path: Path) -> None:
    wide = Image.new("RGB", (300, 100), "white")
    wide.paste("red", (240, 20, 280, 90))
    wide.save(tmp_path / "wide.png")
    frames = [
        Found("a" * 64, "film/a.png", tmp_path / "wide.png"),
        Found("b" * 64, "film/b.png", tmp_path / "wide.png"),
    ]
    known = {"a" * 64: [Box(0.8, 0.2, 14 / 15, 0.9, 0.9, "person")]}
    settings = ResizeSettings(size=100, fit="people")
    reds = []
    for sample in resize(frames, settings, tmp_path, people=lambda identity: known.get(identity, [])):
        assert isinstance(sample, Rendered)
        with Image.open(sample.file) as image:
            red, green, _ = (np.asarray(band) for band in image.split())
            reds.append(np.count_nonzero((red > 200) & (green < 60)))
    whole, centre = reds
    assert abs(whole - 40 * 70) < 200
    assert centre == 0


def test_pictures_of_every_shape_and_fit_come_out_square(tmp_path: Path) -> None:
    for fit in ("crop", "pad", "stretch"):
        settings = ResizeSettings(size=48, fit=fit, background="#00ff00")
        for sample in resize(pictures(5), settings, tmp_path):
            assert isinstance(sample, Rendered)
            with Image.open(sample.file) as image:
                assert (image.mode, image.size) == ("RGB", (48, 48))


FULL_DISK = """
import resource, sys
sys.dont_write_bytecode = True  # half a .pyc would stay behind
from pathlib import Path
from ghibli_prep.errors import DiskError
from ghibli_prep.demo.frames import PHOTOS
from ghibli_prep.samples import Found
from ghibli_prep.settings import ResizeSettings
from ghibli_prep.stages.resize import resize
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    list(resize([Found("a" * 64, "a.jpg", PHOTOS / "astronaut.jpg")], ResizeSettings(), Path(sys.argv[1])))
except DiskError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
@pytest.mark.parametrize("missing", [1, 50_000])
def test_a_full_disk_is_not_mistaken_for_a_bad_picture_and_leaves_no_half_of_one(tmp_path: Path, missing: int) -> None:
    (whole,) = resize(pictures(1), ResizeSettings(), tmp_path)
    assert isinstance(whole, Rendered)
    limit = whole.file.stat().st_size - missing
    whole.file.unlink()
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), str(limit)]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=plain)
    assert f"{tmp_path}: the disk is full" in done.stdout
    assert not list(tmp_path.iterdir())
