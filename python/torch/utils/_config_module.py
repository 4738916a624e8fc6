"""Modules of settings: attributes with known names that can be set, patched for a time, and read as a dict."""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import hashlib
import pickle
import types
from typing import Any, Optional


def parse_settings(text: str) -> dict[str, Any]:
    """Settings from words ``name=value``; a value is a Python literal without blanks."""
    return {name: ast.literal_eval(value) for name, _, value in (word.partition("=") for word in text.split())}


class ConfigModule(types.ModuleType):
    """A module whose settings are the attributes that it started with; others can neither be read nor set."""

    _defaults: dict[str, Any]
    _values: dict[str, Any]
    _aliases: dict[str, str]

    def _resolved(self, name: str) -> str:
        return self._aliases.get(name, name)

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_values", {})
        name = self.__dict__.get("_aliases", {}).get(name, name)
        if name in values:
            return values[name]
        if any(key.startswith(name + ".") for key in values):
            return SubConfigProxy(self, name + ".")
        raise AttributeError(f"{self.__name__}.{name} does not exist")

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            super().__setattr__(name, value)
        elif (known := self._resolved(name)) in self._values:
            self._values[known] = value
        else:
            raise AttributeError(f"{self.__name__}.{name} does not exist")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(key.partition(".")[0] for key in self._values)})

    def to_dict(self) -> dict[str, Any]:
        """All settings by name, names of a section with a dot. Values are shared."""
        return dict(self._values)

    shallow_copy_dict = to_dict

    def get_config_copy(self) -> dict[str, Any]:
        """All settings by name, values copied."""
        return copy.deepcopy(self._values)

    def get_type(self, name: str) -> type:
        """The type of a setting's default."""
        return type(self._defaults[self._resolved(name)])

    def _is_default(self, name: str) -> bool:
        return self._values[self._resolved(name)] == self._defaults[self._resolved(name)]

    def load_config(self, maybe_pickled_config: Any) -> None:
        """Sets what :meth:`save_config` returned, or a dict."""
        given = maybe_pickled_config
        self._values.update(given if isinstance(given, dict) else pickle.loads(given))

    def save_config(self) -> bytes:
        """All settings, pickled."""
        return pickle.dumps(self._values, protocol=2)

    def save_config_portable(self, *, ignore_private_configs: bool = True) -> dict[str, Any]:
        """Settings that are not the default's, without those that begin with an underscore."""
        return {
            name: value
            for name, value in self._values.items()
            if not self._is_default(name) and not (ignore_private_configs and name.startswith("_"))
        }

    def codegen_config(self) -> str:
        """Python that makes the settings what they are now."""
        changed = self.save_config_portable(ignore_private_configs=False)
        return "\n".join(f"{self.__name__}.{name} = {value!r}" for name, value in changed.items())

    def get_hash(self) -> bytes:
        """Digest of all settings."""
        text = repr(sorted(self._values.items(), key=lambda item: item[0]))
        return hashlib.md5(text.encode(), usedforsecurity=False).digest()

    def patch(self, arg1: Any = None, arg2: Any = None, **kwargs: Any) -> ConfigPatch:
        """Context manager and decorator: settings are others inside.

        Takes a name and a value, a dict, or keyword arguments.
        """
        if arg1 is not None:
            if kwargs:
                raise AssertionError("cannot pass both positional and keyword arguments to `patch`")
            changes = {arg1: arg2} if isinstance(arg1, str) else arg1
        else:
            changes = kwargs
        if not isinstance(changes, dict):
            raise AssertionError(f"expected `dict` got {type(changes)}")
        return ConfigPatch(self, changes)


class ConfigPatch(contextlib.ContextDecorator):
    """What :meth:`ConfigModule.patch` returns."""

    def __init__(self, config: ConfigModule, changes: dict[str, Any]) -> None:
        self.config = config
        self.changes = changes
        self._before: list[dict[str, Any]] = []

    def __enter__(self) -> None:
        values = self.config._values
        names = {self.config._resolved(name): value for name, value in self.changes.items()}
        for name in names:
            if name not in values:
                raise AttributeError(f"{self.config.__name__}.{name} does not exist")
        self._before.append({name: values[name] for name in names})
        values.update(names)

    def __exit__(self, *exc: object) -> None:
        self.config._values.update(self._before.pop())

    def __call__(self, func: Any) -> Any:
        if not isinstance(func, type):
            return super().__call__(func)
        for name, value in list(vars(func).items()):  # a class of tests: each of them
            if name.startswith("test") and callable(value):
                setattr(func, name, functools.wraps(value)(super().__call__(value)))
        return func


class SubConfigProxy:
    """A section of settings: ``config.triton`` where there is ``config.triton.cudagraphs``."""

    def __init__(self, config: Any, prefix: str) -> None:
        super().__setattr__("_config", config)
        super().__setattr__("_prefix", prefix)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, self._prefix + name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._config, self._prefix + name, value)


def install_config_module(
    module: types.ModuleType, settings: dict[str, Any], aliases: Optional[dict[str, str]] = None
) -> None:
    """Makes a module a :class:`ConfigModule` with settings at their defaults and second names for some."""
    vars(module).update(_defaults=copy.deepcopy(settings), _values=settings, _aliases=aliases or {})
    module.__class__ = ConfigModule
