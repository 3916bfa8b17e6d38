"""Of pictures that are alike one stays."""

from __future__ import annotations

import numpy as np
import skimage.data
from PIL import Image

from ghibli_prep import likeness
from ghibli_prep.likeness.apart import UNLIKE
from ghibli_prep.likeness.repeats import Nearest, nearest

DROP = 0.55


def thumbnails() -> likeness.Thumbnails:
    """Each photograph three times: as it is, darker, and cut."""
    made = []
    for name in ("astronaut", "coffee", "chelsea", "rocket"):
        photo = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
        dark = Image.fromarray((np.asarray(photo) * 0.8).astype(np.uint8))
        cut = photo.crop((photo.width // 20, 0, photo.width, photo.height))
        made += [likeness.thumbnail(each) for each in (photo, dark, cut)]
    return likeness.thumbnails(made)


def test_the_first_of_the_order_stays_and_the_others_are_near_it() -> None:
    found = nearest(thumbnails(), range(12), (), DROP)
    assert [at for at, said in found.items() if said.stays] == [0, 3, 6, 9]
    assert all(said.other == at - at % 3 and said.far < DROP for at, said in found.items() if not said.stays)
    assert found[0] == Nearest(UNLIKE, -1, True)
    backwards = nearest(thumbnails(), range(11, -1, -1), (), DROP)
    assert [at for at, said in backwards.items() if said.stays] == [11, 8, 5, 2]


def test_what_is_to_stay_stays_beside_what_is_like_it() -> None:
    found = nearest(thumbnails(), range(12), {1, 2}, DROP)
    assert [at for at, said in found.items() if said.stays] == [0, 1, 2, 3, 6, 9]
    assert found[1].far < DROP


def test_what_is_to_go_goes_and_keeps_no_other_out() -> None:
    found = nearest(thumbnails(), range(12), {0}, DROP, goes={0, 3})
    assert [at for at, said in found.items() if said.stays] == [1, 4, 6, 9]
    assert found[0] == Nearest(UNLIKE, -1, False)


def test_of_no_pictures_nothing_is_said() -> None:
    assert nearest(likeness.thumbnails([]), (), (), DROP) == {}
