"""Embedders of the user's own: a sentence-transformers model, or an OpenAI-compatible endpoint."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from retrieval.bundled import BundledEmbedder
from retrieval.embedder import EmbedderError, VectorEmbeddings, Vectors, safe_texts, unit

MODEL_FILES = ("config.json", "modules.json", "model.safetensors", "pytorch_model.bin")


class SentenceTransformersEmbedder(VectorEmbeddings):
    """Any sentence-transformers model, by name or folder (extra `sentence-transformers`)."""

    def __init__(self, name: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            raise EmbedderError(
                "install the extra first: pip install 'kepubang[sentence-transformers]'",
                retry_helps=False,
            ) from error
        try:
            self._model: Any = SentenceTransformer(name, device="cpu")
        except (OSError, ValueError) as error:
            raise EmbedderError(
                f"cannot load the sentence-transformers model {name!r}: {error}", retry_helps=False
            ) from error
        self.fingerprint = f"st-{Path(name).name[:60]}-{_folder_digest(Path(name))}"

    def embed(self, texts: list[str]) -> Vectors:
        """As Embedder.embed."""
        found = self._model.encode(
            safe_texts(texts), normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(found, dtype=np.float32).reshape(len(texts), -1)


class EndpointEmbedder(VectorEmbeddings):
    """An OpenAI-compatible `POST {base}/embeddings` endpoint; two tries, each with a time-out."""

    def __init__(
        self, model: str, base_url: str, key: str = "", timeout_seconds: float = 3.0
    ) -> None:
        if not base_url:
            raise EmbedderError("set KEPUBANG_EMBEDDER_URL for an openai: embedder", False)
        self._model = model
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(
            base_url=base_url.rstrip("/") + "/",
            headers=headers,
            timeout=timeout_seconds,
            transport=httpx.HTTPTransport(retries=1),
        )
        place = hashlib.sha256(base_url.encode()).hexdigest()[:8]
        self.fingerprint = f"openai-{model[:60]}-{place}"

    def embed(self, texts: list[str]) -> Vectors:
        """As Embedder.embed; raises EmbedderError when the endpoint does not answer well."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        try:
            answer = self._client.post(
                "embeddings", json={"model": self._model, "input": safe_texts(texts)}
            )
            answer.raise_for_status()
            rows = sorted(answer.json()["data"], key=lambda row: row["index"])
            vectors = np.asarray([row["embedding"] for row in rows], dtype=np.float32)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            raise EmbedderError(
                f"the embeddings endpoint said {status}", retry_helps=status in {429, 500, 502, 503}
            ) from error
        except httpx.HTTPError as error:
            raise EmbedderError(
                f"the embeddings endpoint did not answer ({type(error).__name__})", retry_helps=True
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise EmbedderError("the embeddings endpoint sent no vectors", True) from error
        if vectors.ndim != 2 or len(vectors) != len(texts):  # noqa: PLR2004 - rows x dimensions
            raise EmbedderError("the embeddings endpoint sent another number of vectors", True)
        return unit(vectors)


def make_embedder(
    name: str, base_url: str = "", key: str = "", timeout_seconds: float = 3.0
) -> VectorEmbeddings:
    """The embedder a setting names: `bundled`, `sentence-transformers:X`, or `openai:MODEL`."""
    kind, _, rest = name.partition(":")
    if kind == "bundled" and not rest:
        return BundledEmbedder()
    if kind == "sentence-transformers" and rest:
        return SentenceTransformersEmbedder(rest)
    if kind == "openai" and rest:
        return EndpointEmbedder(rest, base_url, key, timeout_seconds)
    raise EmbedderError(
        f"KEPUBANG_EMBEDDER={name!r} is not bundled, sentence-transformers:NAME or openai:MODEL",
        retry_helps=False,
    )


def _folder_digest(folder: Path) -> str:
    # A model retrained in the same folder must not meet the old one's vectors.
    seen = hashlib.sha256()
    for name in MODEL_FILES:
        path = folder / name
        if path.is_file():
            seen.update(f"{name}{path.stat().st_size}{path.stat().st_mtime_ns}".encode())
    return seen.hexdigest()[:8]
