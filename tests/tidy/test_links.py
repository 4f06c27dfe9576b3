"""Every relative link and picture in our papers leads somewhere."""

import re
from pathlib import Path

from tests.tidy.test_tidy import ROOT, tracked

LINK = re.compile(r"\]\(([^()\s]+)\)")
CODE = re.compile(r"```[\s\S]*?```|^(?: {4}|\t).*$|`[^`\n]*`", re.MULTILINE)
NAMED = re.compile(r"`((?:tests|bench|frontend)/[\w./-]+)`")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#")


def dead_links(paper: Path, text: str) -> list[str]:
    """The links of `text`, standing at `paper`, that lead to no file or folder."""
    links: list[str] = LINK.findall(CODE.sub("", text))
    ours = [one.partition("#")[0] for one in links if not ELSEWHERE.match(one)]
    return [one for one in ours if not (paper.parent / one).exists()]


def papers() -> dict[str, str]:
    return {path: text for path, text in tracked().items() if path.endswith(".md")}


def test_every_link_in_our_papers_leads_somewhere():
    dead = [
        f"{path}: {one}" for path, text in papers().items() for one in dead_links(ROOT / path, text)
    ]
    assert "README.md" in papers()
    assert dead == []


def test_every_test_that_our_papers_name_is_there():
    named = {(path, one) for path, text in papers().items() for one in NAMED.findall(text)}
    assert ("README.md", "tests/stories/test_desk.py") in named
    assert [one for one in sorted(named) if not (ROOT / one[1]).exists()] == []


def test_a_dead_link_and_a_missing_picture_are_found(tmp_path: Path):
    (tmp_path / "here.md").touch()
    paper = tmp_path / "a.md"
    good = "[a](here.md#part) [b](https://example.org/x) [c](#below) `[d](gone.md)`"
    assert dead_links(paper, good) == []
    bad = "    [a](code.md)\n\n[a](gone.md) ![b](images/gone.png)"
    assert dead_links(paper, bad) == ["gone.md", "images/gone.png"]
