"""The specifications of all charts that pages open with, written to the file that is shipped:
`python -m core.app.keep_specifications`. To be run when a figure or the place where it stands has changed."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from streamlit.testing.v1 import AppTest

from core.app import draw
from core.app.frame import LESSONS
from core.figures.specifications import key, ship, specification
from core.figures.theme import Figure, Look

ENTRY = Path(__file__).resolve().parents[2] / "streamlit_app.py"
ADDRESSES = ({}, {"present": "true"}, {"whole": "true"}, {"whole": "true", "present": "true"})
"""How each page is opened: as it is, projected, and with all its steps, in either look."""


def opened() -> dict[str, tuple]:
    """Key → kind, options and look of every chart that a page opens with."""
    asked = {}

    def noted(figure: Figure, look: Look) -> str:
        asked[key(figure.kind, figure.options, look)] = (figure.kind, figure.options, look)
        return specification(figure, look)

    with patch.object(draw, "specification", noted):
        for address in ADDRESSES:
            for lesson in LESSONS:
                app = AppTest.from_file(str(ENTRY), default_timeout=120)
                app.query_params.update(address)  # of the overview, which runs first
                app.run().switch_page(lesson.path)
                app.query_params.update(address)
                app.run()
                if app.exception:
                    raise RuntimeError(f"{lesson.path} failed")
    return asked


def main() -> None:
    asked = opened()
    ship(asked)
    print(f"{len(asked)} specifications")


if __name__ == "__main__":
    main()
