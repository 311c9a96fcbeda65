from bot.late import cut_text


def test_a_text_is_cut_between_paragraphs_into_as_few_parts_as_hold_it():
    paragraphs = [f"{i}" + "字" * 99 for i in range(12)]
    parts = cut_text("\n\n".join(paragraphs), 1000)
    assert all(len(part.encode()) <= 1000 for part in parts)
    assert "\n\n".join(parts) == "\n\n".join(paragraphs)
    assert len(parts) == 4


def test_a_paragraph_that_is_too_long_is_cut_between_its_lines():
    text = "\n".join("行" * 50 for _ in range(10))
    parts = cut_text(text, 400)
    assert all(len(part.encode()) <= 400 for part in parts)
    assert "".join(parts).count("行") == 500


def test_a_short_text_is_one_part():
    assert cut_text("好。") == ["好。"]
