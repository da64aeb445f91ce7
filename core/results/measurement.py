"""What is measured of trained networks, on disk: one form for every kind of measurement. Needs no torch.

A measurement is two modules of one name, its kind. core/results/<kind>.py says what it is: a frozen spec, and a frozen
result of that spec whose class variable `spec_type` is the spec's class. core/engine/<kind>.py says how it is measured.
Both are found by the name; nothing has to be entered anywhere.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

import numpy as np

import core.results
from core.config import RunConfig
from core.results import store


@dataclass(frozen=True)
class Spec:
    """What is measured. Each kind of measurement adds its settings, its `kind` and its `shapes`.

    Settings are JSON values or RunConfigs, of which there is at least one.
    """

    kind: ClassVar[str]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The arrays that the measurement gives, with their shapes. What else a result holds is kept as JSON."""
        raise NotImplementedError

    @property
    def configs(self) -> tuple[RunConfig, ...]:
        """The settings that are RunConfigs."""
        values = (getattr(self, field.name) for field in fields(self))
        return tuple(value for value in values if isinstance(value, RunConfig))

    @property
    def needed_runs(self) -> tuple[RunConfig, ...]:
        """The runs that are handed, with their weights, to what measures: all of `configs`, unless a kind says else."""
        return self.configs

    @property
    def dataset(self) -> str:
        """The data set whose images are needed."""
        return self.configs[0].dataset

    @property
    def named_by(self) -> Any:
        """What a result depends on, as JSON values: its file is named by it."""
        return {name: v.digest if isinstance(v, RunConfig) else v for name, v in _settings(self).items()}

    @cached_property
    def file_name(self) -> str:
        """The name of the file that holds what this spec asks for."""
        return store.file_name(self.kind, self.named_by)


@dataclass(frozen=True)
class RunSpec(Spec):
    """What is measured of one run."""

    run: RunConfig


@cache
def result_type(kind: str) -> type:
    """The class of the results of a kind. Raises ValueError where no module of core/results is a measurement of that
    name."""
    if kind in {module.name for module in pkgutil.iter_modules(core.results.__path__)}:
        for found in vars(import_module(f"core.results.{kind}")).values():
            if getattr(getattr(found, "spec_type", None), "kind", None) == kind:
                return found
    raise ValueError(f"there is no measurement {kind!r}")


# --- a spec as JSON -------------------------------------------------------------------------------------------------


def spec_to_dict(spec: Spec) -> dict[str, Any]:
    """A spec's settings as JSON values."""
    return {name: v.to_dict() if isinstance(v, RunConfig) else v for name, v in _settings(spec).items()}


def spec_from_dict(kind: str, told: dict[str, Any]) -> Spec:
    """The spec of a kind from what `spec_to_dict` gave. Raises ValueError, TypeError or AttributeError for else."""
    spec_type = result_type(kind).spec_type
    hints = _hints(spec_type)
    return spec_type(**{name: RunConfig(**v) if hints.get(name) is RunConfig else v for name, v in told.items()})


def _settings(spec: Spec) -> dict[str, Any]:
    return {field.name: getattr(spec, field.name) for field in fields(spec)}


@cache
def _hints(of: type) -> dict[str, Any]:
    return get_type_hints(of)


# --- a result on disk -----------------------------------------------------------------------------------------------


def to_file(result: Any, path: Path) -> None:
    """Write a result. Raises ValueError where its arrays are not those that its spec announces."""
    spec = result.spec
    held = {field.name: getattr(result, field.name) for field in fields(result) if field.name != "spec"}
    arrays = {name: value for name, value in held.items() if isinstance(value, np.ndarray)}
    _check(arrays, spec.shapes)
    others = {name: _plain(value) for name, value in held.items() if name not in arrays}
    store.write_npz(path, {"kind": spec.kind, "spec": spec_to_dict(spec), **others}, arrays)


def from_file(kind: str, path: Path) -> Any:
    """Read a result of a kind. Raises StoreError where the file holds something else."""
    meta, arrays = store.read_npz(path)
    try:
        if meta["kind"] != kind:
            raise ValueError(f"it is of the kind {meta['kind']!r}")
        spec = spec_from_dict(kind, meta["spec"])
        _check(arrays, spec.shapes)
        of = result_type(kind)
        others = [field.name for field in fields(of) if field.name != "spec" and field.name not in arrays]
        return of(spec=spec, **arrays, **{name: _typed(meta[name], _hints(of)[name]) for name in others})
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise store.StoreError(f"{path.name} does not hold the measurement {kind} ({error})") from error


def load(spec: Spec, *, now: bool = False) -> Any | None:
    """The stored result of a spec, None where there is none that can be used. now: as `store.load` means it."""
    return store.load(
        spec.file_name, lambda path: from_file(spec.kind, path), lambda result: result.spec == spec, now=now
    )


def save(result: Any) -> Path:
    """Put a result into the cache folder, and keep the folder within its bound."""
    return store.save(result.spec.file_name, lambda path: to_file(result, path))


def _check(arrays: dict[str, np.ndarray], shapes: dict[str, tuple[int, ...]]) -> None:
    found = {name: array.shape for name, array in arrays.items()}
    if found != shapes:
        raise ValueError(f"arrays of the shapes {found}")
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise ValueError(f"{name} is not made of finite numbers")


def _plain(value: Any) -> Any:
    return dict(value) if hasattr(value, "keys") else value


def _typed(value: Any, hint: Any) -> Any:
    """A JSON value as what a field of this type holds. Raises TypeError or ValueError where it is something else."""
    if hint is float:
        return float(value)
    if get_origin(hint) is tuple:
        return tuple(_typed(v, of) for v, of in zip(value, get_args(hint), strict=True))
    if not isinstance(value, get_origin(hint) or hint):
        raise TypeError(f"{value!r} is no {hint}")
    return value
