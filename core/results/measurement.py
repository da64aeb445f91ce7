"""What is measured of trained networks, on disk: one form for every kind of measurement. Needs no torch.

A result is a frozen dataclass of its spec and of the arrays that `spec.shapes` announces; its class variable
`spec_type` is the spec's class.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np

from core.config import RunConfig
from core.results import store

T = TypeVar("T")


@dataclass(frozen=True)
class Spec:
    """What is measured of a run. Each kind of measurement adds its own settings, its `kind` and its `shapes`."""

    run: RunConfig
    kind: ClassVar[str]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The arrays that the measurement gives, with their shapes."""
        raise NotImplementedError

    @property
    def named_by(self) -> Any:
        """What a result depends on, as JSON values: its file is named by it."""
        return {**asdict(self), "run": self.run.digest}

    @cached_property
    def file_name(self) -> str:
        """The name of the file that holds what this spec asks for."""
        return store.file_name(self.kind, self.named_by)


def to_file(result: Any, path: Path) -> None:
    """Write a result. Raises ValueError where its arrays are not those that its spec announces."""
    arrays = {field.name: getattr(result, field.name) for field in fields(result) if field.name != "spec"}
    _check(arrays, result.spec.shapes)
    spec = {**asdict(result.spec), "run": result.spec.run.to_dict()}
    store.write_npz(path, {"kind": result.spec.kind, "spec": spec}, arrays)


def from_file(result_type: type[T], path: Path) -> T:
    """Read a result of one type. Raises StoreError where the file holds something else."""
    meta, arrays = store.read_npz(path)
    spec_type = result_type.spec_type
    try:
        if meta["kind"] != spec_type.kind:
            raise ValueError(f"it is of the kind {meta['kind']!r}")
        spec = spec_type(**{**meta["spec"], "run": RunConfig(**meta["spec"]["run"])})
        _check(arrays, spec.shapes)
        return result_type(spec, **arrays)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise store.StoreError(f"{path.name} does not hold the measurement {spec_type.kind} ({error})") from error


def load(result_type: type[T], spec: Any) -> T | None:
    """The stored result of a spec, None where there is none that can be used."""
    return store.load(spec.file_name, lambda path: from_file(result_type, path), lambda result: result.spec == spec)


def _check(arrays: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]) -> None:
    found = {name: array.shape for name, array in arrays.items()}
    if found != shapes:
        raise ValueError(f"arrays of the shapes {found}")
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise ValueError(f"{name} is not made of finite numbers")
