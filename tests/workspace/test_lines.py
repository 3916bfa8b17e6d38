from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghibli_prep.workspace import lines

ANY_JSON = st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.lists(st.text()), max_size=4)


def test_text_stays_readable_for_people() -> None:
    assert lines.encode({"text": "千と千尋, é"}) == '{"text": "千と千尋, é"}\n'.encode()


def test_a_file_name_that_is_not_utf8_survives_writing_and_reading() -> None:
    name = b"frame \xff.png".decode("utf-8", "surrogateescape")
    assert lines.parse(lines.encode({"source": name})) == {"source": name}


def test_nothing_to_append_touches_nothing(tmp_path: Path) -> None:
    lines.append(tmp_path / "journal.jsonl", [], durable=True)
    assert not list(tmp_path.iterdir())


def test_a_byte_order_mark_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "edited").write_bytes(lines.BOM + b"{}\r\n")
    assert lines.read(tmp_path / "edited") == b"{}\r\n"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # disks are slow when others write too
@given(st.lists(ANY_JSON, min_size=1, max_size=5), st.data())
def test_a_cut_at_any_byte_loses_the_last_line_at_most(records: list[dict[str, object]], data: st.DataObject) -> None:
    encoded = [lines.encode(record) for record in records]
    content = b"".join(encoded)
    cut = data.draw(st.integers(0, len(content)))
    zeros = data.draw(st.integers(0, 40))
    whole = lines.whole(content[:cut] + b"\0" * zeros)
    assert content.startswith(whole)
    kept = whole.count(b"\n")
    assert whole == b"".join(encoded[:kept])
    assert cut < len(b"".join(encoded[: kept + 1])) or kept == len(records)


def test_a_last_line_that_lacks_only_its_newline_is_whole() -> None:
    assert lines.whole(b'{"a": 1}\n{"b": 2}') == b'{"a": 1}\n{"b": 2}\n'


@pytest.mark.parametrize("foreign", [b"hello", b'[{"file_name": "1.jpg"}]', b"\xff\xfe{"])
def test_a_last_line_that_was_never_ours_is_left_for_the_reader_to_refuse(foreign: bytes) -> None:
    assert lines.whole(b"{}\n" + foreign) == b"{}\n" + foreign + b"\n"


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"7", b'{"a": "\xe3\x81', b"[" * 100_000, b'{"a": ' + b"[" * 100_000]
)
def test_what_holds_no_object_parses_to_none(line: bytes) -> None:
    assert lines.parse(line) is None


def test_lines_are_numbered_as_an_editor_shows_them() -> None:
    assert list(lines.numbered(b"{}\n\n \r\n[]\n")) == [(1, b"{}"), (4, b"[]")]
