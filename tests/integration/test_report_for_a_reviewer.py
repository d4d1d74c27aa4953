"""A reviewer's questions, asked of the page of a session in which much went wrong: where each is answered, and how fast."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from browsers import in_browser
from stories import FIRST, Story, new_story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

LONG = "test_with_a_very_long_name_that_goes_on_and_on_until_it_does_not_fit_on_any_phone_whatsoever"
SECOND = {
    "src/shop/money.py": """
        def discount(price):
            return price / 2
    """,
    "tests/unit/test_money.py": f"""
        import time
        import pytest
        from shop.money import discount

        @pytest.mark.parametrize("price", range(3))
        def test_discount(price):
            assert discount(price) == price / 2

        def test_text():
            print("asking for", 10)
            assert discount(10) == 5

        def test_slow():
            time.sleep(0.03)

        TRIES = []

        @pytest.mark.flaky(reruns=1)
        def test_sometimes():
            TRIES.append(1)
            assert len(TRIES) > 1, "the first try"

        def {LONG}():
            pass
    """,
    "tests/unit/test_rates.py": """
        def test_rate():
            pass
    """,
}
CLAIM = "- **Test Success Rate**: 100% (17/17)\n"


def recorded(folder: Path) -> Story:
    """A third session that broke a test, lost one, cannot collect a file, and has new code that nothing tests."""
    story = new_story(folder)
    story.write_files(FIRST)
    story.commit()
    assert story.pytest("--handoff=session-1").code == 0
    story.write_files(SECOND)
    assert story.pytest("--handoff=session-2").code == 0
    story.edit("tests/unit/test_money.py", "discount(10) == 5", "{'price': discount(10)} == {'price': 6}")
    story.edit(
        "tests/unit/test_money.py",
        "def test_text():",
        "def test_text(record_property):\n    record_property('screenshot', 'artifacts/the page.png')",
    )
    story.write_files({"artifacts/the page.png": "a picture"})
    story.edit("tests/unit/test_money.py", f"def {LONG}():\n    pass\n", "")
    story.edit("tests/unit/test_money.py", "sleep(0.03)", "sleep(1)")
    story.edit(
        "src/shop/money.py", "return price / 2\n", "return price / 2\n\n\ndef in_words(price):\n    return f'{price} EUR'\n"
    )
    story.write_files({"tests/unit/test_rates.py": "import not_there\n"})
    assert story.pytest("--handoff=session-3", "--continue-on-collection-errors").code == 1
    document = story.document("session-3")
    (story.folder / "handoffs/session-3.md").write_text(document.replace("\n## ", "\n" + CLAIM + "\n## ", 1))
    return story


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The project after its third session."""
    return recorded(tmp_path_factory.mktemp("reviewer") / "project")


@pytest.fixture(scope="module")
def html(story: Story) -> str:
    """The page about the third session."""
    done = story.handoff("report", "session-3", "-o", "page.html")
    assert done.code == 0, done
    return story.text("page.html")


def in_sight(page: Page, found: Locator) -> bool:
    """Whether an element stands within the screen."""
    box = found.bounding_box()
    size = page.viewport_size
    assert size is not None
    return box is not None and box["y"] >= 0 and box["y"] + min(box["height"], 40) <= size["height"] and box["height"] > 0


QUESTIONS = {
    "may it be merged": (None, ".verdict", "Gate does not pass"),
    "what broke": ("nav a[href='#failing']", "[data-test$=test_text] summary", "test_text"),
    "what changed since the last session": (None, ".changes", "1 regressed"),
    "what does the failure look like": (
        "nav a[href='#failing']",
        "[data-test$=test_text] pre",
        "assert {'price': 5.0} == {'price': 6}",
    ),
    "where is untested new code": ("nav a[href='#new-code']", ".untested .source", "EUR"),
    "what is slow, and slower": ("nav a[href='#slow']", ".times tbody tr >> nth=0", "+"),
    "since when is it flaky": (
        "nav a[href='#slow']",
        "section:has(#slow) >> summary:has-text('test_sometimes')",
        "flaky since session-2",
    ),
    "is it what the author claims": (None, ".changes", "claim"),
}


@in_browser
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (400, 800)])
def test_each_question_of_a_reviewer_takes_one_click_at_most(
    html: str, opened: Callable[..., Page], question: str, width: int, height: int
) -> None:
    """On a laptop's screen and on a phone's the answer stands there, or one click brings it there."""
    click, where, answer = QUESTIONS[question]
    page = opened(html, viewport={"width": width, "height": height}, reduced_motion="reduce")
    if click is not None:
        page.locator(click).first.click()
    found = page.locator(where).first

    assert answer in found.inner_text()
    assert in_sight(page, found)


def test_the_page_names_a_collection_error_first(html: str) -> None:
    """In the tile, in what blocks and among the failures; and it never says that nothing failed."""
    plain = re.sub(r"<[^>]*>", " ", html.partition('id="checklist"')[0])

    assert "1 collection error" in plain
    blocking = html.partition('id="blocking"')[2].partition("</ul>")[0]
    assert blocking.partition("<li>")[2].startswith('<a href="#failing">tests/unit/test_rates.py could not be collected')
    assert html.index("not_there") < html.index("test_text")
    assert "none" not in plain.partition("</head>")[2].lower()


def test_a_failure_is_read_without_a_script(html: str) -> None:
    """Its text, its command, and the lost tests and new lines are in the page itself."""
    body = html.partition("<body>")[2].partition("<script")[0]

    assert "asking for 10" in body
    body = body.replace("<wbr>", "")
    assert "pytest tests/unit/test_money.py::test_text" in body
    assert f"tests/unit/test_money.py::{LONG}" in body
    assert "EUR&#39;" in body


@in_browser
def test_without_a_script_nothing_dead_is_shown(html: str, browser: Browser, tmp_path: Path) -> None:
    """No empty list and no button that does nothing; the failure, the lost test, the history and the files are there."""
    (tmp_path / "page.html").write_text(html, "utf-8")
    page = browser.new_page(java_script_enabled=False)
    page.goto((tmp_path / "page.html").as_uri())
    shown = page.locator("body").inner_text()
    controls = page.locator("button, select, input")

    assert not any(controls.nth(at).is_visible() for at in range(controls.count()))
    assert "assert {'price': 5.0} == {'price': 6}" in shown
    assert LONG in shown
    assert "src/shop/money.py" in page.locator("section:has(#coverage)").inner_text()
    assert "The list of all tests needs JavaScript" in shown
    page.close()


def test_a_page_without_the_details_says_where_they_are(story: Story) -> None:
    """They are not committed: on another machine the page says so, with the command that shows them."""
    kept = story.folder / "handoffs/.details/session-3.json"
    content = kept.read_bytes()
    kept.unlink()
    try:
        done = story.handoff("report", "session-3", "-o", "bare.html")
        page = story.text("bare.html")
        kept.write_text("{")
        damaged = story.handoff("report", "session-3", "-o", "damaged.html")
    finally:
        kept.write_bytes(content)

    assert done.code == damaged.code == 0
    assert "was not kept; run the command above" in page
    assert "Durations are not available here" in page
    assert "cannot be shown: " in story.text("damaged.html")


@in_browser
@pytest.mark.parametrize("width", [400, 1440])
def test_nothing_is_wider_than_the_screen(html: str, opened: Callable[..., Page], width: int) -> None:
    """Not with everything opened, and not with the longest name."""
    page = opened(html, viewport={"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true; })")

    assert page.evaluate("document.documentElement.scrollWidth") <= width


@in_browser
@pytest.mark.parametrize("width", [400, 1440])
def test_long_names_of_sessions_keep_their_places(html: str, opened: Callable[..., Page], width: int) -> None:
    """Above their columns they are cut and not laid over each other; a row's state stands on one line, and nothing sticks out."""
    named = "2026-11-28-payment-provider-migration-and-refunds"
    page = opened(html.replace("session-2", named), viewport={"width": width, "height": 900})
    turns, states = page.locator("#grid .turn"), page.locator(".failure .state")
    boxes = [turns.nth(at).bounding_box() for at in range(turns.count())]
    heights = [box["height"] for at in range(states.count()) if (box := states.nth(at).bounding_box())]

    assert len(boxes) == 3
    assert all(box is not None and box["width"] <= 31 and box["height"] <= 130 for box in boxes), boxes
    assert heights
    assert max(heights) < 30
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@in_browser
def test_a_file_without_statements_has_no_percentage(html: str, opened: Callable[..., Page]) -> None:
    """Nothing could run in it, so nothing of it is covered wholly."""
    page = opened(html)
    row = page.locator("#files summary", has_text="src/shop/__init__.py")

    assert row.inner_text().split() == ["src/shop/__init__.py", "–", "no", "statements"]
    assert not row.locator(".meter").is_visible()


def test_a_lost_test_comes_before_those_that_did_not_run(html: str) -> None:
    """Of these another run will tell; that one somebody took out."""
    lost = html.partition('id="lost"')[2].partition("</section>")[0]

    assert lost.index(f"::<wbr>{LONG}") < lost.index("1 earlier test did not run")


@in_browser
def test_printed_it_fits_on_the_paper(html: str, opened: Callable[..., Page]) -> None:
    """With everything opened, nothing runs over the edge of a sheet."""
    page = opened(html, viewport={"width": 760, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert page.evaluate("document.documentElement.scrollWidth") <= 760
    assert not page.locator(".copy, .link, nav").first.is_visible()


@in_browser
def test_on_a_phone_the_marks_come_first(html: str, opened: Callable[..., Page]) -> None:
    """The failing test shows that it fails, left of its name and within the screen."""
    page = opened(html, viewport={"width": 400, "height": 800})
    row = page.locator("#grid .test").first
    mark, name = row.locator(".m.F").bounding_box(), row.locator(".name").bounding_box()

    assert mark is not None
    assert name is not None
    assert 0 <= mark["x"] < name["x"] < 400
    assert not row.locator(".tier").is_visible()


@in_browser
def test_the_grid_opens_on_what_fails_and_is_no_higher_than_that(html: str, opened: Callable[..., Page]) -> None:
    """One row and its file, without a hole below them."""
    page = opened(html)

    assert page.locator('#filters [data-filter="failing"]').get_attribute("aria-pressed") == "true"
    assert page.locator("#grid .test .text").all_text_contents() == ["test_text"]
    box = page.locator("#grid").bounding_box()
    assert box is not None
    assert box["height"] < 220


@in_browser
def test_a_link_leads_to_a_test_or_a_filter(html: str, opened: Callable[..., Page]) -> None:
    """Of a failing test to what it said, of another one to its row; a filter is remembered in the address."""
    page = opened(html, reduced_motion="reduce")
    page.evaluate("location.hash = '#test=' + encodeURIComponent('tests/unit/test_money.py::test_discount[2]')")
    page.locator("#detail").wait_for()
    assert "tests/unit/test_money.py::test_discount[2]" in page.locator("#detail").inner_text()
    assert in_sight(page, page.locator("#detail"))

    page.evaluate("location.hash = '#test=tests/unit/test_money.py::test_text'")
    page.locator("[data-test$=test_text] pre").first.wait_for()
    assert in_sight(page, page.locator("[data-test$=test_text] > summary"))

    page.evaluate("location.hash = '#filter=missing'")
    page.locator(f"#grid .test:has-text('{LONG}')").wait_for()
    page.locator('#filters [data-filter="new"]').click()
    assert page.evaluate("location.hash") == "#filter=new"
    page.evaluate("location.hash = '#test=%E0%A4%A'")


@in_browser
def test_tests_are_sorted_and_narrowed_to_a_tier(html: str, opened: Callable[..., Page]) -> None:
    """Slowest first, worst first, and only one tier."""
    page = opened(html)
    page.locator('#filters [data-filter="all"]').click()
    page.locator("#sort").select_option("time")
    assert page.locator("#grid .test .text").first.text_content() == "test_slow"
    page.locator("#sort").select_option("slower")
    assert page.locator("#grid .test .text").first.text_content() == "test_slow"
    page.locator("#sort").select_option("status")
    assert set(page.locator("#grid .test .text").all_text_contents()[:2]) == {"test_text", LONG}
    page.locator('#tiers [data-tier="e2e"]').click()
    assert page.locator("#grid .test .text").all_text_contents() == ["test_checkout"]
    page.locator("#grid [data-sort=name] button").click()
    assert page.locator("#grid [data-sort=name]").get_attribute("aria-sort") == "ascending"


@in_browser
def test_a_flaky_test_has_its_mark_in_every_session(html: str, opened: Callable[..., Page]) -> None:
    """It passed in the end in both sessions, and both say that it took more than one try; what it said first is kept."""
    page = opened(html)
    page.locator('#filters [data-filter="flaky"]').click()
    assert page.locator("#grid .test .m").all_text_contents() == ["·", "≈", "≈"]
    page.locator("#grid .test").click()
    assert "flaky since session-2" in page.locator("#detail").inner_text()
    page.locator("section:has(#slow) summary:has-text('test_sometimes')").click()
    assert "the first try" in page.locator("section:has(#slow) pre").inner_text()
    assert "in 2 of the last 3 sessions" in page.locator("section:has(#slow)").inner_text()


@in_browser
def test_two_sessions_are_compared(html: str, opened: Callable[..., Page]) -> None:
    """The tests that differ between the two, all of them at first, and how many broke, were added and are gone."""
    page = opened(html)
    assert page.locator('#filters [data-filter="failing"]').get_attribute("aria-pressed") == "true"
    page.locator("#from").select_option(label="session-1")
    page.locator("#to").select_option(label="session-2")
    assert page.locator("#compared").inner_text() == "8 added · 3 same"
    page.locator("#from").select_option(label="session-2")
    page.locator("#to").select_option(label="session-3")
    assert page.locator("#compared").inner_text() == "1 broke · 1 gone · 1 changed otherwise · 8 same"
    assert sorted(page.locator("#grid .test .text").all_text_contents()) == sorted([LONG, "test_rate", "test_text"])
    assert page.evaluate("location.hash") == "#compare=session-2..session-3"
    page.locator('#filters [data-filter="failing"]').click()
    page.locator("#from").select_option(label="session-1")
    assert page.locator("#grid .test .text").all_text_contents() == ["test_text"], "what was chosen since then is kept"


@in_browser
def test_what_is_copied_can_be_pasted(html: str, opened: Callable[..., Page]) -> None:
    """The id and the command of a failing test."""
    page = opened(html)
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text; } } })"
    )
    box = page.locator(".failure[data-test$=test_text]")
    box.get_by_role("button", name="Copy command").click()
    assert page.evaluate("window.copied") == "pytest tests/unit/test_money.py::test_text"
    box.get_by_role("button", name="Copy id").click()
    assert page.evaluate("window.copied") == "tests/unit/test_money.py::test_text"
    box.get_by_role("button", name="Copied").first.wait_for()


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_a_failing_page_has_no_serious_accessibility_violation(
    html: str, opened: Callable[..., Page], scheme: str, width: int
) -> None:
    """As for the good page, with everything opened."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed here")
    page = opened(html, color_scheme=scheme, viewport={"width": width, "height": 900})
    page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true; })")
    page.locator("#grid").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")

    found = axe.Axe().run(page).response["violations"]

    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")] == []


def test_hostile_failures_stay_text(tmp_path: Path) -> None:
    """Names, output and attachments from the evidence are escaped, and no link leaves the project."""
    hostile = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>"
    story = new_story(tmp_path / "project")
    story.write_files(
        {
            "tests/unit/test_a.py": f"""
                import pytest

                @pytest.mark.parametrize("value", ["{hostile}"], ids=["{hostile}"])
                def test_x(value, record_property):
                    record_property("javascript:alert(1)", "javascript:alert(1)")
                    print("{hostile}")
                    raise ValueError("{hostile}")
            """
        }
    )
    story.commit()
    assert story.pytest("--handoff=session-1").code == 1
    assert story.handoff("report", "session-1", "-o", "page.html").code == 0
    html = story.text("page.html")

    assert "<script>alert" not in html
    assert "<img" not in html
    assert "javascript:" not in "".join(re.findall(r'href="([^"]*)"', html))
    assert "&lt;/pre&gt;&lt;script&gt;" in html


@in_browser
def test_what_a_failing_test_left_is_linked(html: str, story: Story, opened: Callable[..., Page]) -> None:
    """A screenshot is a link to the file in the project, never loaded by the page; where the file is gone, it is no link."""
    link = opened(html).locator("[data-test$=test_text] .attachments a")
    assert link.inner_text() == "screenshot"
    assert link.get_attribute("href") == "artifacts/the%20page.png"

    (story.folder / "artifacts/the page.png").unlink()
    assert story.handoff("report", "session-3", "-o", "gone.html").code == 0
    assert "not there now" in story.text("gone.html")
    assert "the%20page" not in story.text("gone.html")


def tiles_of(html: str) -> dict[str, tuple[str, bool]]:
    """Each tile's figure, and whether it is red."""
    found = re.findall(r'<li class="tile( bad)?">.*?"name">(.*?)</span><strong.*?>(.*?)</strong>', html)
    return {name: (re.sub(r"<.*?>", "", value).replace("✗&nbsp;", ""), bool(bad)) for bad, name, value in found}


def test_a_tile_shows_what_its_gate_decides_on(html: str, story: Story) -> None:
    """What failed, not what passed; of new code the share that the checklist's line asks for; red where that does not pass."""
    second = story.handoff("report", "session-2", "-o", "second.html")
    assert second.code == 0, second

    assert tiles_of(html) == {
        "tests": ("1 collection error", True),
        "earlier tests": ("8/11", True),
        "coverage": ("83.3 %", False),
        "new code tested": ("0.0 %", True),
        "checklist": ("0/2", True),
    }
    good = tiles_of(story.text("second.html"))
    assert good["tests"] == ("11 passed", False)
    assert good["earlier tests"] == ("3/3", False)


def test_a_first_session_claims_no_changes(story: Story) -> None:
    """Everything is new, so nothing is said to be; there is nothing to compare with."""
    done = story.handoff("report", "session-1", "-o", "first.html")
    assert done.code == 0, done
    changes = story.text("first.html").partition('class="changes"')[2].partition("</ul>")[0]

    assert "First session:" in changes
    assert "nothing to compare with" in changes
    assert "new test" not in changes


def test_what_was_not_measured_is_said_with_the_reason(tmp_path: Path) -> None:
    """Without coverage, and where no test ran at all, the page says so and claims nothing."""
    story = new_story(tmp_path / "project")
    story.write_files({"tests/unit/test_a.py": "import not_there\n", "src/a.py": "x = 1\n"})
    story.commit()
    assert story.pytest("--handoff=session-1", "--no-cov").code == 2
    done = story.handoff("report", "session-1", "-o", "page.html")
    assert done.code == 0, done
    html = story.text("page.html")

    assert tiles_of(html)["tests"] == ("1 collection error", True)
    assert tiles_of(html)["coverage"] == ("not measured", False)
    assert tiles_of(html)["new code tested"] == ("not measured", True)
    assert "Not measured: " in html.partition('id="new-code"')[2].partition("</section>")[0]
    assert "None:" not in html
    assert "the run is incomplete" in html.partition('id="slow"')[2].partition("</section>")[0]


@in_browser
def test_long_lists_are_cut_and_say_where_the_rest_is(tmp_path: Path, opened: Callable[..., Page]) -> None:
    """Sixty failures: ten are shown, forty more fold out, and the others are a click away; a link opens the fold."""
    story = new_story(tmp_path / "project")
    story.write_files(
        {
            "tests/unit/test_a.py": """
                import pytest

                @pytest.mark.parametrize("n", range(60))
                def test_x(n):
                    assert n < 0
            """
        }
    )
    story.commit()
    assert story.pytest("--handoff=session-1", "--no-cov", "--tb=no", "-q").code == 1
    assert story.handoff("report", "session-1", "-o", "page.html").code == 0
    html = story.text("page.html")
    page = opened(html, viewport={"width": 400, "height": 800}, reduced_motion="reduce")

    assert page.locator(".failure").count() == 50
    assert page.locator(".failure:visible").count() == 10
    assert "The first 50 of 60" in page.locator("section:has(#failing)").inner_text()
    last = page.locator(".failure").last
    page.evaluate(f"location.hash = '#test={last.get_attribute('data-test')}'")
    last.locator("pre").wait_for()
    assert in_sight(page, last.locator("> summary"))


OUTCOMES = """
    import pytest

    @pytest.fixture
    def broken():
        raise OSError("no disk")

    def test_fails():
        assert not FAILS

    def test_error(broken):
        pass

    def test_passes():
        pass

    @pytest.mark.skip(reason="not today")
    def test_skipped():
        pass

    @pytest.mark.xfail(reason="owed")
    def test_owed():
        assert False

    @pytest.mark.xfail(reason="was owed")
    def test_paid():
        pass
"""


def test_the_tile_of_the_tests_counts_each_outcome(empty: Story) -> None:
    """In pytest's words and none left out; how many are new is no outcome, and does not read as one."""
    empty.write_files({"src/shop/__init__.py": "", "tests/unit/test_first.py": "def test_first():\n    pass\n"})
    assert empty.pytest("--handoff=session-1", "--no-cov", "-q").code == 0
    empty.write_files({"tests/unit/test_each.py": "FAILS = True\n" + dedent(OUTCOMES)})
    empty.pytest("--handoff=session-2", "--no-cov", "-q")
    assert words_of_tile(empty) == ("1 failed", "1 error · 2 passed · 1 xpassed · 1 xfailed · 1 skipped · 6 tests are new")

    empty.edit("tests/unit/test_each.py", "FAILS = True", "FAILS = False")
    empty.pytest("--handoff=session-2", "--no-cov", "-q")
    assert words_of_tile(empty) == ("1 error", "3 passed · 1 xpassed · 1 xfailed · 1 skipped · 6 tests are new")


def words_of_tile(story: Story) -> tuple[str, str]:
    """What the tile of the tests says: its figure, and the words below."""
    done = story.handoff("report", "session-2", "-o", "page.html")
    assert done.code == 0, done
    html = story.text("page.html")
    tile = next(part for part in html.split('<li class="tile')[1:] if ">tests</span>" in part).partition("</li>")[0]
    words = re.sub(r"<[^>]*>", "", tile.partition("</strong>")[2]).strip()
    return tiles_of(html)["tests"][0], words
