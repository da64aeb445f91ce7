"""What drawing asks of the machine: plotly.js comes from its package, and the app's folder may be read-only."""

import builtins
import importlib.metadata
import importlib.util
import io
import os
from pathlib import Path

import pytest
from page_reader import ROOT, open_page

from core.app import draw


@pytest.fixture
def read_only(monkeypatch):
    """The app's folder as on a read-only disk: whoever opens a file in it for writing, or makes or moves one, fails."""
    tried = []

    def refusing(function, writes):
        def checked(path, *arguments, **named):
            inside = isinstance(path, str | os.PathLike) and Path(path).resolve().is_relative_to(ROOT)
            if inside and writes(*arguments, **named):
                tried.append(path)
                raise OSError(30, "Read-only file system", str(path))
            return function(path, *arguments, **named)

        return checked

    def opens_to_write(mode="r", *_, **named):
        return bool(set(named.get("mode", mode)) & set("wax+"))

    for module in (builtins, io):
        monkeypatch.setattr(module, "open", refusing(open, opens_to_write))
    for name in ("mkdir", "replace", "rename", "remove"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name), lambda *_, **__: True))
    monkeypatch.setattr(os, "open", refusing(os.open, lambda flags, *_, **__: bool(flags & (os.O_WRONLY | os.O_RDWR))))
    return tried


def test_a_page_with_surfaces_opens_in_a_folder_that_is_read_only(read_only):
    draw.plotly_url.cache_clear()
    app = open_page("pages/1_baseline.py")
    assert app.get("bidi_component") and not app.exception and not read_only
    with pytest.raises(OSError, match="Read-only"):
        (ROOT / "streamlit_app.js").write_text("")


def test_plotly_is_served_from_the_installed_package():
    draw.plotly_url.cache_clear()
    open_page("pages/1_baseline.py")
    address, _, version = draw.plotly_url().partition("?version=")
    folder = Path(importlib.util.find_spec("plotly").origin).parent / "package_data"
    assert address == "./component/core.app.draw.plotly/plotly.min.js" and (folder / "plotly.min.js").is_file()
    assert version == importlib.metadata.version("plotly")
