"""Diagrams of where a normalisation stands in a network, in Mermaid, which Streamlit draws in the page's own theme."""

from __future__ import annotations

from core.techniques import BATCH_NORM

_NORM = f"classDef norm fill:{BATCH_NORM.colour},stroke:{BATCH_NORM.colour},color:#14181D;"


def _flow(*lines: str) -> str:
    return "\n".join(("flowchart TD", *(f"  {line}" for line in lines), f"  {_NORM}"))


PLACEMENTS = {
    "Before the non-linearity": (
        _flow('x(["x"]) --> linear["Linear"] --> norm["Batch norm"]:::norm --> relu["ReLU"] --> y(["next layer"])'),
        "A hidden layer: linear, batch norm, ReLU.",
    ),
    "After the non-linearity": (
        _flow('x(["x"]) --> linear["Linear"] --> relu["ReLU"] --> norm["Batch norm"]:::norm --> y(["next layer"])'),
        "A hidden layer: linear, ReLU, batch norm.",
    ),
    "With a skip connection: pre-activation": (
        _flow(
            'x(["x"]) --> norm["Batch norm"]:::norm --> relu["ReLU"] --> linear["Linear or convolution"]',
            'linear --> sum(("+"))',
            'x -- "unchanged" --> sum --> y(["x + F(x)"])',
        ),
        "A residual block: x goes through batch norm, ReLU and a linear layer, and is added to the result unchanged.",
    ),
}
"""Name → (Mermaid text, what it shows)."""
