"""One suite for every VectorIndex."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.embedder import unit
from retrieval.faiss_index import FaissIndex
from retrieval.large_index import LargeIndex

INDEXES = [FaissIndex, LargeIndex, partial(LargeIndex, 1), partial(LargeIndex, 3)]


def vectors(rows: int, width: int = 8, seed: int = 1) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32))


@pytest.fixture(params=INDEXES)
def index(request):
    return request.param()


def test_an_empty_index_finds_nothing(index):
    assert len(index) == 0
    assert index.search(vectors(1)[0], 5) == []
    index.remove([1, 2])
    index.add([], vectors(0))
    assert len(index) == 0


def test_the_nearest_comes_first_with_its_cosine(index):
    rows = vectors(20)
    index.add(range(100, 120), rows)
    found = index.search(rows[7], 3)
    assert found[0][0] == 107
    assert found[0][1] == pytest.approx(1.0, abs=1e-3)  # a large index keeps half precision
    assert [score for _, score in found] == sorted((s for _, s in found), reverse=True)


def test_adding_an_id_again_replaces_it(index):
    rows = vectors(2)
    index.add([5], rows[:1])
    index.add([5], rows[1:])
    assert len(index) == 1
    assert index.search(rows[1], 1)[0][1] == pytest.approx(1.0, abs=1e-3)


def test_what_is_removed_is_not_found(index):
    rows = vectors(5)
    index.add(range(5), rows)
    index.remove([2, 77])
    assert 2 not in {i for i, _ in index.search(rows[2], 5)}
    assert len(index) == 4


def test_large_ids_survive(index):
    index.add([2**62 + 3], vectors(1))
    assert index.search(vectors(1)[0], 1)[0][0] == 2**62 + 3


def test_another_width_is_refused(index):
    index.add([1], vectors(1, 8))
    with pytest.raises(ValueError, match="width"):
        index.add([2], vectors(1, 9))
    with pytest.raises(ValueError, match="index"):
        index.search(vectors(1, 9)[0], 1)


@given(st.lists(st.tuples(st.sampled_from("ar"), st.integers(0, 9)), max_size=30))
@settings(deadline=None, max_examples=50)
def test_any_history_ends_with_what_was_last_said(history):
    rows = vectors(10)
    for make in INDEXES:
        index, held = make(), set()
        for act, i in history:
            if act == "a":
                index.add([i], rows[i : i + 1])
                held.add(i)
            else:
                index.remove([i])
                held.discard(i)
        assert {i for i, _ in index.search(rows[0], 20)} == held


def test_a_large_index_is_mapped_again_and_goes_on(tmp_path):
    rows = vectors(400, 16)
    index = LargeIndex(100)
    index.add(range(300), rows[:300])
    index.remove([7])
    index.compact()
    index.write(tmp_path / "large")
    mapped = LargeIndex.read(tmp_path / "large", 100)
    assert len(mapped) == 299
    assert mapped.search(rows[7], 5)[0][0] != 7
    mapped.add([7, 350], rows[[7, 350]])
    mapped.remove([8])
    assert mapped.search(rows[350], 1)[0][0] == 350
    assert mapped.search(rows[7], 1)[0][0] == 7
    assert 8 not in {i for i, _ in mapped.search(rows[8], 20)}
    steps = []
    mapped.compact(lambda done, of: steps.append((done, of)))
    assert steps == [(300, 300)]
    assert mapped.ids == (frozenset(range(300)) | {350}) - {8}
    found = [mapped.search(rows[i], 1)[0][0] for i in range(20, 60)]
    assert found == list(range(20, 60))


def test_a_broken_file_is_said_to_be_broken(tmp_path):
    (tmp_path / "large").write_bytes(b"no index")
    with pytest.raises(RuntimeError):
        LargeIndex.read(tmp_path / "large")


def test_a_small_index_is_kept_exact(tmp_path):
    rows = vectors(50, 16)
    index = LargeIndex(100)
    index.write(tmp_path / "small")
    assert len(LargeIndex.read(tmp_path / "small")) == 0
    index.add(range(50), rows)
    assert index.write(tmp_path / "small") == [tmp_path / "small"]
    again = LargeIndex.read(tmp_path / "small", 100)
    assert again.search(rows[3], 5) == index.search(rows[3], 5)


def test_what_came_since_is_kept_beside_a_base_that_is_written_once(tmp_path):
    rows = vectors(400, 16)
    index = LargeIndex(100)
    index.add(range(300), rows[:300])
    base, *beside = index.write(tmp_path / "large")
    written = base.stat().st_ino
    mapped = LargeIndex.read(base, 100)
    for held in (index, mapped):
        held.add([7, 350], rows[[7, 350]])
        held.remove([8])
        before = (tmp_path / "large.fresh").read_bytes()
        (tmp_path / "link").hardlink_to(beside[0])
        held.write(base)
        assert base.stat().st_ino == written
        assert (tmp_path / "link").read_bytes() == before
        (tmp_path / "link").unlink()
        again = LargeIndex.read(base, 100)
        assert again.ids == held.ids == (frozenset(range(300)) | {350}) - {8}
        assert again.search(rows[350], 1)[0][0] == 350
    mapped.compact()
    mapped.write(base)
    assert base.stat().st_ino != written
    assert LargeIndex.read(base).ids == mapped.ids


def test_a_base_without_what_came_since_is_not_believed(tmp_path):
    rows = vectors(300, 16)
    index = LargeIndex(100)
    index.add(range(300), rows)
    _, fresh, _ = index.write(tmp_path / "large")
    fresh.unlink()
    with pytest.raises(FileNotFoundError):
        LargeIndex.read(tmp_path / "large")


def test_what_was_taken_away_is_cleared_out_once_it_is_much(tmp_path):
    rows = vectors(400, 16)
    index = LargeIndex(100)
    index.add(range(300), rows[:300])
    index.remove(range(150))
    gone = index.write(tmp_path / "large")[2]
    assert gone.stat().st_size
    index.add([300], rows[[300]])
    index.write(tmp_path / "large")
    assert not gone.stat().st_size
    assert index.ids == frozenset(range(150, 301))
