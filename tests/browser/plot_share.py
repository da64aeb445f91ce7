"""How much of a chart's height is plot, measured in the browser."""

from __future__ import annotations

from dataclasses import dataclass

SHARES = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')]
  .filter(el => el.offsetHeight).map(el => {
  const whole = el.querySelector('svg.marks, canvas.marks');
  const plot = el.querySelector('svg.marks .role-frame.root > g > path.background');
  const title = el.querySelector('.role-title-text')?.textContent ?? '';
  return {name: el.querySelector('[aria-label]')?.getAttribute('aria-label') ?? title,
          share: plot && whole ? plot.getBBox().height / whole.getBoundingClientRect().height : null};
})"""


@dataclass(frozen=True)
class Plot:
    """A chart on a page: what it is called, and the share of its height between its x axis and its legend or title.
    None: drawn on a canvas, where nothing can be measured (Streamlit does so from 2,000 rows on)."""

    name: str
    share: float | None


def plots(page) -> list[Plot]:
    """The visible charts of a page of Playwright, in the order of the page."""
    return [Plot(**found) for found in page.evaluate(SHARES)]
