"""What stands in a page is text, whatever it looks like."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.web.pages import _embedded


@given(st.text() | st.sampled_from(["</script>", "<!--", "]]>", "&lt;", "\u2028"]))
def test_any_text_embedded_ends_no_script_and_is_read_as_it_was(text: str) -> None:
    embedded = str(_embedded({"text": text}))
    assert not set("<>&\u2028\u2029") & set(embedded)
    assert json.loads(embedded) == {"text": text}
