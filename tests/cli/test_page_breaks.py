"""Where the page breaks its lines, and that nothing in foreign text becomes markup there."""

from __future__ import annotations

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from pytest_handoff.cli.page_breaks import LONGEST_WHOLE, joints, whole_words
from pytest_handoff.printable import printable_text

OURS = re.compile(r'<wbr>|<span class="whole">|</span>')


def test_an_id_breaks_at_its_joints() -> None:
    """Behind each folder, and behind the file and the class, before any letter is cut off."""
    assert joints("tests/unit/test_a.py::TestB::test_c[x]") == "tests/<wbr>unit/<wbr>test_a.py::<wbr>TestB::<wbr>test_c[<wbr>x]"


def test_a_command_is_not_cut_at_its_hyphens() -> None:
    """An option and the name of a session stand on one line, as long as that fits on a phone."""
    said = whole_words("run pytest --handoff=session-3 on everything")
    assert said == 'run pytest <span class="whole">--handoff=session-3</span> on everything'
    assert whole_words("93.1 % of it") == '<span class="whole">93.1 %</span> of it'
    assert whole_words("a-" + "b" * LONGEST_WHOLE) == "a-" + "b" * LONGEST_WHOLE


@given(st.text(alphabet=st.characters() | st.sampled_from("<>&\"'-/:[ ")))
def test_foreign_text_stays_text(text: str) -> None:
    """Whatever it holds, only our own tags are tags, and a reader sees the same words."""
    for broken in (joints(text), whole_words(text)):
        plain = OURS.sub("", str(broken))
        assert not set("<>") & set(plain)
        assert unescape(plain) == printable_text(text)
