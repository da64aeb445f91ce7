"""README's pictures, made anew: `python -m docs.pictures`, with Chromium installed. To be run when a page that is shown
there has changed.

The app is started as README says, with what comes with it and without the images.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from bench.app import CHROMIUM, free_port, open_as_soon_as_possible, start_server

HERE = Path(__file__).resolve().parent
PHONE = (390, 844)
SMALLEST, COLOURS = (1280, 720), 256
"""The window that every step fits, in pixels, and how many colours a file has: enough for a surface."""


@dataclass(frozen=True)
class Picture:
    """One file: its name, the address that it shows, and the window, in pixels. alone: the page without the menu beside
    it."""

    name: str
    address: str
    window: tuple[int, int] = SMALLEST
    alone: bool = False

    @property
    def path(self) -> Path:
        return HERE / f"{self.name}.png"


PICTURES = (
    Picture("overview", "?try_p=0.5"),
    Picture("surface", "baseline?step=surface&network=small+and+noisy", window=(1280, 650), alone=True),
    Picture("sparsity", "l1_l2?step=lambda1&lambda1=0.0001", window=(1280, 650), alone=True),
    Picture("presented", "dropout?step=how-much&p=0.5&p_on=2,000+images,+20+%25+wrong+labels&present=true"),
    Picture("phone", "dropout?step=masks", window=PHONE),
)

DRAWN = """() => {
  const all = (selector) => [...document.querySelectorAll(selector)].filter((el) => el.offsetHeight);
  return document.querySelector('h1') && document.fonts.status === 'loaded'
    && !all('[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-stale=true]').length
    && all('[data-testid=stVegaLiteChart]').every((el) => el.querySelector('svg.marks, canvas.marks'))
    && all('.reglab-scene').every((el) => el._fullLayout?.scene?._scene?.glplot)
    && all('img').every((el) => el.complete);
}"""
STILL = f"""() => {{
  const main = document.querySelector('[data-testid=stMain]'), before = window.reglabBefore;
  window.reglabBefore = ({DRAWN})() ? main.innerHTML : null;
  return before && window.reglabBefore === before;
}}"""
"""Whether all is drawn, and nothing has changed since this was last asked."""


def taken(browser: Browser, server: str, picture: Picture) -> Image.Image:
    """What a window shows of an address when it has come to rest."""
    width, height = picture.window
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(120_000)
    open_as_soon_as_possible(page, f"{server}/{picture.address}")
    page.wait_for_function(STILL, polling=1000)
    place = page.get_by_test_id("stMain") if picture.alone else page
    image = Image.open(io.BytesIO(place.screenshot(animations="disabled")))
    page.close()
    return image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)


def main() -> None:
    port = free_port()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as cache,
        patch.dict("os.environ", {"REGLAB_DATA": cache}),
    ):
        server = start_server(port, cache)
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
            for picture in PICTURES:
                taken(browser, f"http://127.0.0.1:{port}", picture).save(picture.path, optimize=True)
                print(f"{picture.path.name}: {picture.path.stat().st_size / 1000:.0f} kB")
            browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
