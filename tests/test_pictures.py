"""README's pictures: those that the command makes, all of them shown, described, and small."""

import re
from urllib.parse import parse_qs, urlsplit

from lesson_steps import steps_of
from PIL import Image

from docs.pictures import HERE, PICTURES

README = (HERE.parent / "README.md").read_text(encoding="utf-8")


def test_readme_shows_each_picture_once_and_says_what_is_seen():
    told = re.findall(r'<img src="docs/(\S+)\.png"[^>]* alt="([^"]+)"', README)
    told += [(name, words) for words, name in re.findall(r"!\[([^]]+)]\(docs/(\S+)\.png\)", README)]
    assert sorted(name for name, _ in told) == sorted(picture.name for picture in PICTURES)
    assert all(len(words.split()) >= 15 for _, words in told)
    assert "python -m docs.pictures" in README


def test_the_pictures_are_small_and_of_their_windows():
    sizes = {picture.name: picture.path.stat().st_size for picture in PICTURES}
    assert max(sizes.values()) < 150_000 and sum(sizes.values()) < 600_000
    assert {path.stem for path in HERE.glob("*.png")} == set(sizes)
    for picture in PICTURES:
        with Image.open(picture.path) as image:
            assert image.height == picture.window[1]
            assert image.width < picture.window[0] if picture.alone else image.width == picture.window[0]


def test_every_picture_shows_a_step_that_there_is():
    for picture in PICTURES[1:]:
        address = urlsplit(picture.address)
        assert parse_qs(address.query)["step"][0] in steps_of(address.path), picture.name
