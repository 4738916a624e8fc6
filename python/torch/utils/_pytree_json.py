"""Structures of trees as JSON; part of :mod:`torch.utils._pytree`."""

from __future__ import annotations

import enum
import importlib
import json
import warnings
from typing import Any, Optional

from torch.utils import _pytree

DEFAULT_TREESPEC_SERIALIZATION_PROTOCOL = 1


class EnumEncoder(json.JSONEncoder):
    """Writes members of enumerations, which may be keys of dicts, as their class and name."""

    def default(self, obj: object) -> Any:
        """What :mod:`json` itself can't write."""
        if isinstance(obj, enum.Enum):
            cls = type(obj)
            return {"__enum__": True, "fqn": f"{cls.__module__}:{cls.__qualname__}", "name": obj.name}
        return super().default(obj)


def enum_object_hook(obj: dict[str, Any]) -> Any:
    """The way back from :class:`EnumEncoder`."""
    if "__enum__" not in obj:
        return obj
    module, _, qualname = obj["fqn"].partition(":")
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found[obj["name"]]


def _to_json(spec: Any) -> dict[str, Any]:
    if spec.is_leaf():
        return {"type": None, "context": None, "children_spec": []}
    node = _pytree.SUPPORTED_SERIALIZED_TYPES.get(spec.type)
    if node is None:
        raise NotImplementedError(f"Serializing {spec.type} in pytree is not registered.")
    if node.serialized_type_name == _pytree.NO_SERIALIZED_TYPE_NAME_FOUND:
        raise NotImplementedError(
            f"No registered serialization name for {spec.type} found. "
            "Please update your _register_pytree_node call with a `serialized_type_name` kwarg."
        )
    if node.to_dumpable_context is not None:
        context = node.to_dumpable_context(spec.context)
    else:
        try:
            context = json.dumps(spec.context, cls=EnumEncoder)
        except TypeError as error:
            raise TypeError(
                "Unable to serialize context. Please make the context json dump-able, or register a "
                "custom serializer using _register_pytree_node."
            ) from error
    return {
        "type": node.serialized_type_name,
        "context": context,
        "children_spec": [_to_json(c) for c in spec.children()],
    }


def _from_json(schema: Any) -> Any:
    name = schema["type"]
    if name is None:
        return _pytree.treespec_leaf()
    if name not in _pytree.SERIALIZED_TYPE_TO_PYTHON_TYPE:
        raise NotImplementedError(f"Deserializing {name} in pytree is not registered.")
    cls = _pytree.SERIALIZED_TYPE_TO_PYTHON_TYPE[name]
    node = _pytree.SUPPORTED_SERIALIZED_TYPES[cls]
    if node.from_dumpable_context is not None:
        context = node.from_dumpable_context(schema["context"])
    else:
        try:
            context = json.loads(schema["context"], object_hook=enum_object_hook)
        except TypeError as error:
            raise TypeError(
                "Unable to deserialize context. Please make the context json load-able, or register a "
                "custom serializer using _register_pytree_node."
            ) from error
    return _pytree.TreeSpec(cls, context, [_from_json(child) for child in schema["children_spec"]])


def _check_protocol(protocol: Any) -> None:
    if protocol != DEFAULT_TREESPEC_SERIALIZATION_PROTOCOL:
        known = [DEFAULT_TREESPEC_SERIALIZATION_PROTOCOL]
        raise ValueError(f"Unknown protocol {protocol}. Available protocols: {known}")


def treespec_dumps(treespec: Any, protocol: Optional[int] = None) -> str:
    """A structure as JSON; contexts must be what :mod:`json` can write or have functions registered for it."""
    _pytree._require_spec(treespec)
    protocol = DEFAULT_TREESPEC_SERIALIZATION_PROTOCOL if protocol is None else protocol
    _check_protocol(protocol)
    return json.dumps((protocol, _to_json(treespec)), cls=EnumEncoder)


def treespec_loads(serialized: str) -> Any:
    """The way back from :func:`treespec_dumps`."""
    protocol, schema = json.loads(serialized, object_hook=enum_object_hook)
    _check_protocol(protocol)
    return _from_json(schema)


def _deprecated(old: str, new: str) -> None:
    warnings.warn(f"`{old}` is deprecated. Please use `{new}` instead.", FutureWarning, stacklevel=3)


def pytree_to_str(treespec: Any) -> str:
    """Deprecated name of :func:`treespec_dumps`."""
    _deprecated("pytree_to_str", "treespec_dumps")
    return treespec_dumps(treespec)


def str_to_pytree(json: str) -> Any:  # noqa: A002
    """Deprecated name of :func:`treespec_loads`."""
    _deprecated("str_to_pytree", "treespec_loads")
    return treespec_loads(json)


class _Star(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "*"


def treespec_pprint(treespec: Any) -> str:
    """A structure as the tree written with stars for leaves."""
    star = _Star("*")
    return repr(_pytree.tree_unflatten([star] * treespec.num_leaves, treespec))
