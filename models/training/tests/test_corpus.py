"""The authored corpus: marks, splits, near-duplicates."""

from saring_training.corpus import convert, unmark
from saring_training.data import Row, drop_leaks, near_duplicates

ROW = {
    "text": "Bu {{name:Sari}} dari {{phone:0812}} 🙂 lapor", "spam": 0, "abuse": 0, "hoax": 0, "fine": [], "category": None,
    "agency": None, "region": None, "decision": "publish", "visibility": "publik", "slice": "clean",
    "variety": "formal", "pair": None,
}  # fmt: skip


def test_marks_become_spans_in_characters() -> None:
    text, spans = unmark(ROW["text"])
    assert text == "Bu Sari dari 0812 🙂 lapor"
    assert [text[s["start"] : s["end"]] for s in spans] == ["Sari", "0812"]


def test_a_pair_never_crosses_a_split() -> None:
    splits = {convert(ROW | {"text": f"teks nomor {i}", "pair": "P-1"})["split"] for i in range(40)}
    assert len(splits) == 1
    assert len({convert(ROW | {"text": f"teks nomor {i}"})["split"] for i in range(40)}) == 3


def test_near_duplicates_of_held_out_rows_leave_training() -> None:
    held = "mohon perbaiki jalan berlubang di depan pasar karena banyak warga jatuh setiap malam hari"
    near = held.replace("malam hari", "malam minggu")
    far = "tagihan air bulan ini naik tiga kali lipat padahal rumah kosong sejak lebaran tahun lalu"
    groups = near_duplicates([held, near, far])
    assert groups[0] == groups[1] != groups[2]
    rows = [Row("a", "s", held, split="test"), Row("b", "s", near), Row("c", "s", far)]
    assert [r.id for r in drop_leaks(rows)] == ["a", "c"]
