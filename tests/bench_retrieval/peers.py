"""The field's ways of searching, each on the same texts and with the same vectors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np
from langchain_core.embeddings import Embeddings

from retrieval.corpus import CorpusIndex
from retrieval.embedder import Vectors
from retrieval.text import clean, clean_question

Search = Callable[[str, int], list[int]]
CANDIDATES = 100
RRF = 60  # the constant of Cormack, Clarke and Buettcher (2009), and everybody's default


class KeptEmbedder(Embeddings):
    """Vectors made once and handed to everybody, so that only the searching differs."""

    fingerprint = "kept"

    def __init__(self, embed: Callable[[list[str]], Vectors]) -> None:
        self._embed = embed
        self._kept: dict[str, Vectors] = {}

    def embed(self, texts: list[str]) -> Vectors:
        """As Embedder.embed."""
        wanted = [clean(text) or " " for text in texts]
        missing = [t for t in dict.fromkeys(wanted) if t not in self._kept]
        for start in range(0, len(missing), 64):
            batch = missing[start : start + 64]
            self._kept.update(zip(batch, self._embed(batch), strict=True))
        return np.stack([self._kept[t] for t in wanted])

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's side."""
        return [[float(x) for x in row] for row in self.embed(texts)]

    def embed_query(self, text: str) -> list[float]:
        """LangChain's side."""
        return self.embed_documents([text])[0]


def ours(texts: Sequence[str], embedder: KeptEmbedder) -> Search:
    """`kepubang bench retrieval`'s index."""
    index = CorpusIndex({str(i): t for i, t in enumerate(texts)}, embedder)
    return lambda query, count: [int(i) for i in index.search(query, count)]


def bm25(texts: Sequence[str], _embedder: KeptEmbedder) -> Search:
    """jieba's words and bm25s."""
    import bm25s  # noqa: PLC0415 - the extra bench
    import jieba  # noqa: PLC0415 - as above

    jieba.setLogLevel(logging.ERROR)
    retriever = bm25s.BM25()
    retriever.index([jieba.lcut(clean(t)) for t in texts], show_progress=False)

    def search(query: str, count: int) -> list[int]:
        words = [jieba.lcut(clean_question(query))]
        found, _ = retriever.retrieve(words, k=min(count, len(texts)), show_progress=False)
        return [int(i) for i in found[0]]

    return search


def dense(texts: Sequence[str], embedder: KeptEmbedder) -> Search:
    """Cosine alone."""
    vectors = embedder.embed(list(texts))

    def search(query: str, count: int) -> list[int]:
        scores = vectors @ embedder.embed([clean_question(query)])[0]
        return [int(i) for i in np.argsort(-scores, kind="stable")[:count]]

    return search


def rrf(texts: Sequence[str], embedder: KeptEmbedder) -> Search:
    """Reciprocal rank fusion of the two above."""
    ways = (bm25(texts, embedder), dense(texts, embedder))

    def search(query: str, count: int) -> list[int]:
        scores: dict[int, float] = {}
        for way in ways:
            for rank, i in enumerate(way(query, CANDIDATES), 1):
                scores[i] = scores.get(i, 0.0) + 1 / (RRF + rank)
        return sorted(scores, key=lambda i: -scores[i])[:count]

    return search


def langchain(texts: Sequence[str], embedder: KeptEmbedder) -> Search:
    """EnsembleRetriever over BM25Retriever (jieba) and FAISS."""
    import jieba  # noqa: PLC0415 - the extra bench
    from langchain_classic.retrievers import EnsembleRetriever  # noqa: PLC0415 - as above
    from langchain_community.retrievers import BM25Retriever  # noqa: PLC0415 - as above
    from langchain_community.vectorstores import FAISS  # noqa: PLC0415 - as above

    meta = [{"i": i} for i in range(len(texts))]
    words = BM25Retriever.from_texts(list(texts), meta, preprocess_func=jieba.lcut)
    most = min(CANDIDATES, len(texts))
    words.k = most
    store = FAISS.from_texts(list(texts), embedder, metadatas=meta)
    both = EnsembleRetriever(
        retrievers=[words, store.as_retriever(search_kwargs={"k": most})], weights=[0.5, 0.5]
    )
    return lambda query, count: [d.metadata["i"] for d in both.invoke(query)[:count]]


def haystack(texts: Sequence[str], embedder: KeptEmbedder) -> Search:
    """InMemory BM25 (jieba's words, spaced) and embeddings, joined by reciprocal ranks."""
    import jieba  # noqa: PLC0415 - the extra bench
    from haystack import Document  # noqa: PLC0415 - as above
    from haystack.components.joiners import DocumentJoiner  # noqa: PLC0415 - as above
    from haystack.components.retrievers.in_memory import (  # noqa: PLC0415 - as above
        InMemoryBM25Retriever,
        InMemoryEmbeddingRetriever,
    )
    from haystack.document_stores.in_memory import InMemoryDocumentStore  # noqa: PLC0415 - as above

    def spaced(text: str) -> str:
        return " ".join(jieba.lcut(clean(text)))

    store = InMemoryDocumentStore(
        bm25_tokenization_regex=r"(?u)\b\w+\b", embedding_similarity_function="cosine"
    )
    vectors = embedder.embed_documents(list(texts))
    store.write_documents(
        [
            Document(id=str(i), content=spaced(t), embedding=v)
            for i, (t, v) in enumerate(zip(texts, vectors, strict=True))
        ]
    )
    words, meaning = InMemoryBM25Retriever(store), InMemoryEmbeddingRetriever(store)
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion")

    def search(query: str, count: int) -> list[int]:
        by_words = words.run(query=spaced(query), top_k=CANDIDATES)["documents"]
        by_meaning = meaning.run(query_embedding=embedder.embed_query(query), top_k=CANDIDATES)
        joined = joiner.run(documents=[by_words, by_meaning["documents"]], top_k=count)
        return [int(d.id) for d in joined["documents"]]

    return search


def txtai(texts: Sequence[str], embedder: KeptEmbedder) -> Search:
    """Embeddings(hybrid=True) with our vectors; its words are jieba's, spaced."""
    import jieba  # noqa: PLC0415 - the extra bench
    from txtai import Embeddings as Index  # noqa: PLC0415 - as above

    # It hands the transform what is to be searched; spaced words mean the same to the model.
    plain = {" ".join(jieba.lcut(clean(t))): t for t in texts}

    def transform(batch: list[str]) -> Vectors:
        return embedder.embed([plain.get(t, t.replace(" ", "")) for t in batch])

    index = Index(method="external", transform=transform, hybrid=True, normalize=True)
    index.index([(i, " ".join(jieba.lcut(clean(t))), None) for i, t in enumerate(texts)])

    def search(query: str, count: int) -> list[int]:
        return [int(i) for i, _ in index.search(" ".join(jieba.lcut(clean(query))), count)]

    return search


PEERS: dict[str, Callable[[Sequence[str], KeptEmbedder], Search]] = {
    "ours": ours,
    "BM25 (jieba, bm25s)": bm25,
    "dense alone": dense,
    "RRF of the two": rrf,
    "LangChain ensemble": langchain,
    "Haystack hybrid": haystack,
    "txtai hybrid": txtai,
}
