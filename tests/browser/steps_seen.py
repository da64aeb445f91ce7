"""What of a step is on the screen, measured in the browser: its title, its controls, its figures, its words."""

from __future__ import annotations

from dataclasses import dataclass

from plot_share import plots

SEEN = """() => {
  const step = document.querySelector('.st-key-step');
  const shown = (el) => el.offsetHeight > 0 && !el.closest('details:not([open])');
  const all = (selector) => [...step.querySelectorAll(selector)].filter(shown);
  const box = (el) => { const r = el.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const figures = all('[data-testid=stVegaLiteChart], .reglab-scene, [data-testid=stImage] img, [data-testid=stTable], '
    + '[data-testid=stDataFrame]');
  const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);
  const controls = all('[data-testid=stSlider], [data-testid=stButtonGroup], [data-testid=stCheckbox], '
    + '[data-testid=stNumberInput], [data-testid=stRadio]');
  const boxes = figures.map(box);
  const largest = boxes.reduce((a, b) => (a && area(a) >= area(b) ? a : b), null);
  const texts = all('[data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]').filter((el) =>
    !el.parentElement.closest('[data-testid=stCaptionContainer]')
    && !el.closest('button, label, summary, [role=radiogroup], [data-testid=stWidgetLabel], [data-testid=stTable], '
      + '[data-testid=stMetric]'));
  const words = texts.map((el) => {
    const copy = el.cloneNode(true);
    copy.querySelectorAll('.katex, code, pre, table').forEach((inner) => inner.remove());
    return copy.textContent;
  }).join(' ').split(/\\s+/).filter((word) => /[\\p{L}\\p{N}]/u.test(word));
  return {
    title: document.querySelector('h1').textContent, heading: box(document.querySelector('h1')),
    controls: controls.map(box), figure: largest, words: words.length,
    sideways: document.documentElement.scrollWidth > innerWidth
      || document.querySelector('[data-testid=stMain]').scrollWidth > innerWidth,
  };
}"""

BESIDE_A_SLIDER = """() => {
  // Scrolls the first slider that moves a figure into view; the part of the largest figure that is then on the screen.
  const step = document.querySelector('.st-key-step');
  const shown = (el) => el.offsetHeight > 0 && !el.closest('details:not([open])');
  const slider = [...step.querySelectorAll('[data-testid=stSlider]')].filter(shown)[0];
  const pane = step.querySelector('.st-key-step_figure');
  if (!slider || !pane) return null;
  const figures = [...pane.querySelectorAll('[data-testid=stVegaLiteChart], .reglab-scene, [data-testid=stImage] img')]
    .filter(shown);
  if (!figures.length) return null;
  slider.scrollIntoView({ block: 'end' });
  const area = (el) => el.offsetWidth * el.offsetHeight;
  const figure = figures.reduce((a, b) => (area(a) >= area(b) ? a : b));
  let { top, bottom, height } = figure.getBoundingClientRect();
  for (let el = figure.parentElement; el; el = el.parentElement) {
    const style = getComputedStyle(el);
    if (style.overflowY === 'visible') continue;
    const clip = el.getBoundingClientRect();
    top = Math.max(top, clip.top);
    bottom = Math.min(bottom, clip.bottom);
  }
  const knob = slider.getBoundingClientRect();
  const inside = knob.top >= 0 && knob.bottom <= innerHeight + 1;
  return inside ? Math.max(0, Math.min(bottom, innerHeight) - Math.max(top, 0)) / height : 0;
}"""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels of the window."""


@dataclass(frozen=True)
class Seen:
    """A step as it stands in the window before anything is scrolled or opened. figure: the largest one."""

    title: str
    heading: Box
    controls: tuple[Box, ...]
    figure: Box | None
    words: int
    sideways: bool

    def outside(self, width: int, height: int) -> list[str]:
        """Which of its parts do not lie wholly in a window of this size."""
        parts = {"title": self.heading, **({"figure": self.figure} if self.figure else {})}
        parts |= {f"control {i + 1}": box for i, box in enumerate(self.controls)}
        return [
            f"{name} {tuple(round(x) for x in box)}"
            for name, box in parts.items()
            if box[0] < -1 or box[1] < -1 or box[2] > width + 1 or box[3] > height + 1
        ]


def open_step(page, address: str) -> None:
    """Open a step and wait until all of it is drawn."""
    page.goto(address)
    page.wait_for_function("window.reglabStep && document.querySelector('.st-key-step')")
    all_drawn(page)


def all_drawn(page) -> None:
    """Wait until all of the step that is shown is drawn."""
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')")
    page.wait_for_function(  # charts come after the run
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')].filter(el => el.offsetHeight)"
        ".every(el => el.querySelector('svg.marks, canvas.marks'))"
    )


def seen(page) -> Seen:
    found = page.evaluate(SEEN)
    return Seen(**{key: tuple(value) if isinstance(value, list) else value for key, value in found.items()})


def flat_plots(page, least: float) -> list[str]:
    """The charts of which less than this share of the height is plot."""
    return [f"{plot.name}: {plot.share:.2f}" for plot in plots(page) if plot.share is not None and plot.share < least]
