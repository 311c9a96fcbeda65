"""One suite for every Embedder: shapes, unit length, LangChain's two methods, hostile text."""

import threading

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from retrieval.bundled import BundledEmbedder, E5Embedder, UseEmbedder
from retrieval.embedder import Embedder, EmbedderError, unit
from retrieval.external import SentenceTransformersEmbedder, make_embedder

HOSTILE = ["", " ", "\x00", "\ud800", "\ufdfa" * 40, "😀" * 300, "长" * 5000, "a\u0301" * 500]


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory) -> str:
    """A sentence-transformers model with random weights, made and saved here: no hub."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("sentence_transformers")
    folder = tmp_path_factory.mktemp("tiny")
    characters = sorted(set("血压高怎么办麦子发黄了诈骗电话咋整"))
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), "utf-8")
    tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"))
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
    )
    transformers.BertModel(config).save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    return str(folder / "model")


@pytest.fixture(params=["use", "e5", "bundled", "sentence-transformers"])
def embedder(request):
    if request.param == "sentence-transformers":
        return SentenceTransformersEmbedder(request.getfixturevalue("tiny_model"))
    return {"use": UseEmbedder, "e5": E5Embedder, "bundled": BundledEmbedder}[request.param]()


def test_it_is_langchains_embeddings_and_ours(embedder):
    assert isinstance(embedder, Embeddings)
    assert isinstance(embedder, Embedder)
    assert embedder.fingerprint


def test_vectors_are_unit_rows_and_repeatable(embedder):
    texts = ["血压高怎么办", "麦子发黄了", "诈骗电话"]
    vectors = embedder.embed(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == 3
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-3)
    assert np.allclose(vectors, embedder.embed(texts), atol=1e-5)
    assert np.allclose(vectors[1], embedder.embed_query("麦子发黄了"), atol=2e-2)
    assert len(embedder.embed_documents(texts)) == 3


def test_hostile_text_neither_kills_nor_poisons(embedder):
    vectors = embedder.embed(HOSTILE)
    assert vectors.shape[0] == len(HOSTILE)
    assert np.isfinite(vectors).all()


def test_threads_get_the_same_vectors_as_one(embedder):
    wanted = embedder.embed(["血压高怎么办"])
    found: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: found.append(embedder.embed(["血压高怎么办"])))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(np.allclose(wanted, other, atol=1e-5) for other in found)


@pytest.mark.parametrize("make", [UseEmbedder, E5Embedder, BundledEmbedder])
def test_bundled_models_know_what_is_alike(make):
    a, b, c = make().embed(["血压高怎么办", "高血压咋整", "麦子叶子发黄"])
    assert a @ b > a @ c + 0.2


def test_without_avx2_the_smaller_model_answers_alone(monkeypatch):
    monkeypatch.setattr("retrieval.bundled._has_avx2", lambda: False)
    lone = BundledEmbedder()
    assert lone.fingerprint == UseEmbedder().fingerprint
    assert lone.embed(["血压"]).shape == (1, 512)
    with pytest.raises(EmbedderError, match="AVX2"):
        E5Embedder()


def test_a_setting_names_an_embedder_or_is_refused(tiny_model):
    assert isinstance(make_embedder("bundled"), BundledEmbedder)
    made = make_embedder(f"sentence-transformers:{tiny_model}")
    assert made.fingerprint.startswith("st-model-")
    for wrong in ("", "best", "bundled:x", "openai:", "openai:m", "sentence-transformers:/none"):
        with pytest.raises(EmbedderError) as caught:
            make_embedder(wrong)
        assert not caught.value.retry_helps


def test_a_zero_row_stays_zero():
    assert (unit(np.zeros((1, 3), dtype=np.float32)) == 0).all()
