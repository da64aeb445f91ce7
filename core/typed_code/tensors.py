"""The tensor operations that an exercise's code may use, in numpy, under PyTorch's names and with its meanings.

A tensor is a numpy array of float64, or of bool, from a comparison. Every function here is listed by hand in METHODS,
TORCH, LINALG or FUNCTIONAL; nothing else can be reached from typed code. Each looks at what it is given before numpy
sees it: numpy itself would take lists of lists without end, its own keywords (`out`, `dtype`, `shape`), and more. The
tests run the same code through PyTorch itself.
"""

from __future__ import annotations

from collections.abc import Callable

from core.typed_code import shapes
from core.typed_code.elementwise import ELEMENTWISE, FUNCTIONAL, WHERE_FUNCTION, WHERE_METHOD
from core.typed_code.reductions import LINALG, REDUCED, VAR_MEAN
from core.typed_code.shapes import ATTRIBUTES, SHAPED

__all__ = ["ATTRIBUTES", "DETACHING", "FUNCTIONAL", "LINALG", "METHODS", "TORCH"]

METHODS: dict[str, Callable] = {**ELEMENTWISE, **REDUCED, **SHAPED, **WHERE_METHOD, **shapes.METHODS}
"""The methods of a tensor."""

TORCH: dict[str, Callable] = {**ELEMENTWISE, **REDUCED, **SHAPED, **VAR_MEAN, **WHERE_FUNCTION, **shapes.FUNCTIONS}
"""The functions of `torch`."""

DETACHING = frozenset({"detach", "item", "tolist", "numpy", "data", "tensor"})
"""What hands on numbers and forgets where they came from: no gradient flows through it."""
