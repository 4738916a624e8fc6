"""Unpickler for untrusted files: builds containers, numbers, strings and tensors, and nothing else.

It runs the subset of pickle's instructions that state dicts need. A name of a class or function is looked up in a
closed list (and in what the user has added with :func:`torch.serialization.add_safe_globals`); nothing is imported.
The data is held in memory and every read is checked against its end, so a damaged file gives an
:class:`pickle.UnpicklingError`.
"""

from __future__ import annotations

import functools
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from pickle import UnpicklingError
from typing import Any, Optional, Union

import torch

SafeGlobal = Union[Callable[..., Any], type, tuple[Union[Callable[..., Any], type], str]]

_user_globals: list[SafeGlobal] = []


# where files say that storage classes are; before version 1.6 those of CUDA devices had classes of their own
STORAGE_MODULES = ("torch", "torch.storage", "torch.cuda")


class StorageType:
    """Stands for a storage class that a file names: ``StorageType("FloatStorage")``."""

    def __init__(self, name: str) -> None:
        from torch.storage import storage_dtype

        dtype = storage_dtype(name)
        if dtype is None:
            raise ValueError(f"{name!r} is no name of a storage class")
        self.name = name
        self.dtype = dtype

    def __repr__(self) -> str:
        return f"StorageType({self.name!r})"


def full_name(obj: Any) -> str:
    return f"{obj.__module__}.{obj.__qualname__}"


def shown(value: Any) -> str:
    """Text for an error. Not repr(): a file of a hundred bytes can describe a list whose repr has 2^40 parts."""
    if isinstance(value, (str, bytes)):
        return repr(value[:100]) + ("..." if len(value) > 100 else "")
    if value is None or isinstance(value, (bool, float)) or (isinstance(value, int) and abs(value) < 1 << 64):
        return repr(value)
    if callable(value) and hasattr(value, "__qualname__") and hasattr(value, "__module__"):
        return full_name(value)
    return f"a value of type {type(value).__name__}"


# ---- the closed list ----


def _latin1_bytes(text: str, encoding: str) -> bytes:
    """``_codecs.encode``, by which protocol 2 writes bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise UnpicklingError("only text in latin1 is decoded to bytes")
    return text.encode("latin1")


def _bytearray(*args: Any) -> bytearray:
    # bytearray(10**12) would allocate that much; encodings are modules, and some of them slow
    if args and not isinstance(args[0], (bytes, bytearray, str)):
        raise UnpicklingError("bytearray is only made of bytes")
    if len(args) > 1 and args[1] not in ("latin-1", "latin1", "ascii", "utf-8"):
        raise UnpicklingError("bytearray is only made of texts in latin-1 and utf-8")
    return bytearray(*args)


# Hashing a tuple goes through all that is in it, as often as it is in it: a file of a hundred bytes can describe a
# tuple of 2^40 parts, or one nested deeper than the machine's stack.
_PARTS_OF_A_KEY, _DEPTH_OF_A_KEY = 1000, 50


def _check_key(key: Any) -> None:
    """Refuses keys whose hash is not quickly made."""
    if not isinstance(key, tuple):
        return
    tuples, total = [key], 0
    for _ in range(_DEPTH_OF_A_KEY):
        total += sum(map(len, tuples))
        if total > _PARTS_OF_A_KEY:
            break
        tuples = [part for value in tuples for part in value if isinstance(part, tuple)]
        if not tuples:
            return
    raise UnpicklingError("a key of a dict or an item of a set is a tuple of too many parts")


def _check_keys(items: Any) -> Any:
    if isinstance(items, dict):
        return items  # its keys have been hashed
    items = list(items)
    for item in items:
        _check_key(item)
    return items


def _set(*items: Any) -> set[Any]:
    return set(*map(_check_keys, items))


def _frozenset(*items: Any) -> frozenset[Any]:
    return frozenset(*map(_check_keys, items))


def _ordered_dict(pairs: Any = (), /) -> OrderedDict[Any, Any]:
    if not isinstance(pairs, dict):
        pairs = [tuple(pair) for pair in pairs]
        _check_keys(pair[0] for pair in pairs if pair)
    return OrderedDict(pairs)


def _counter(counts: Any = (), /) -> Counter[Any]:
    return Counter(_check_keys(counts))


def _rebuild_from_type(func: Any, new_type: Any, args: Any, state: Any) -> Any:
    # called with names from the file: the plain constructor would allocate whatever the file says
    from torch._tensor_pickle import rebuild_from_type

    tensor_types = (torch.Tensor, torch.nn.Parameter, *_user_table().values())
    if not any(func is f for f in _rebuild_functions()) or not any(new_type is t for t in tensor_types):
        raise UnpicklingError(
            f"Trying to rebuild {shown(new_type)} by {shown(func)}, which are not an allowed class and function"
        )
    return rebuild_from_type(func, new_type, args, state)


def _rebuild_functions() -> tuple[Callable[..., Any], ...]:
    from torch import _utils

    return (
        _utils._rebuild_tensor,
        _utils._rebuild_tensor_v2,
        _utils._rebuild_tensor_v3,
        _utils._rebuild_parameter,
        _utils._rebuild_parameter_with_state,
        _utils._rebuild_meta_tensor_no_storage,
        _utils._rebuild_sparse_tensor,
    )


@functools.cache
def _default_globals() -> dict[str, Any]:
    table: dict[str, Any] = {
        "collections.OrderedDict": OrderedDict,
        "collections.Counter": Counter,
        "_codecs.encode": _latin1_bytes,
        "builtins.bytearray": _bytearray,
        "__builtin__.bytearray": _bytearray,
        "builtins.set": _set,
        "__builtin__.set": _set,
        "builtins.frozenset": _frozenset,
        "__builtin__.frozenset": _frozenset,
        "builtins.complex": complex,
        "__builtin__.complex": complex,
        "torch.Tensor": torch.Tensor,
        "torch.Size": torch.Size,
        "torch.device": torch.device,
        "torch.nn.parameter.Parameter": torch.nn.Parameter,
        "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
        "torch.serialization._get_layout": torch.serialization._get_layout,
    }
    for function in _rebuild_functions():
        table["torch._utils." + function.__name__] = function
    buffer = getattr(torch.nn.parameter, "Buffer", None)
    if buffer is not None:
        table["torch.nn.parameter.Buffer"] = buffer
    for value in vars(torch).values():
        if isinstance(value, torch.dtype):
            table[str(value)] = value
    return table


def _storage_type(module: str, name: str) -> Optional[StorageType]:
    from torch.storage import storage_dtype

    if module not in STORAGE_MODULES or not name.endswith("Storage"):
        return None
    return None if storage_dtype(name) is None else StorageType(name)


def _user_table() -> dict[str, Any]:
    table = {}
    for entry in _user_globals:
        obj, name = entry if isinstance(entry, tuple) else (entry, full_name(entry))
        table[name] = obj
    return table


# ---- what the user adds ----


def add_safe_globals(safe_globals: list[SafeGlobal]) -> None:
    for entry in safe_globals:
        pair = isinstance(entry, tuple)
        if pair and (len(entry) != 2 or not callable(entry[0]) or not isinstance(entry[1], str)):  # type: ignore
            raise ValueError(f"add_safe_globals: expected a pair (callable, 'module.name'), got {entry!r}")
        if not pair and not (callable(entry) and hasattr(entry, "__qualname__")):
            raise TypeError(f"add_safe_globals: expected functions and classes, got {entry!r}")
        if entry not in _user_globals:
            _user_globals.append(entry)


def get_safe_globals() -> list[SafeGlobal]:
    return list(_user_globals)


def clear_safe_globals() -> None:
    _user_globals.clear()


class SafeGlobals:
    """Context manager: adds entries for a block, then restores the list."""

    def __init__(self, safe_globals: list[SafeGlobal]) -> None:
        self._added = safe_globals

    def __enter__(self) -> None:
        self._saved = get_safe_globals()
        add_safe_globals(self._added)

    def __exit__(self, *exc: object) -> None:
        _user_globals[:] = self._saved


# ---- the machine ----

_MARK = object()
_U8, _U16, _U32, _U64 = (struct.Struct(layout) for layout in ("<B", "<H", "<I", "<Q"))
_I32, _F64 = struct.Struct("<i"), struct.Struct(">d")


class Unpickler:
    """Reads one pickle from ``data``, starting at ``position``; afterwards ``position`` is behind it."""

    def __init__(
        self, data: Any, position: int = 0, encoding: str = "utf-8", names: Optional[dict[str, Any]] = None
    ) -> None:
        self._data = memoryview(data)
        self._size = len(self._data)
        self.position = position
        self._encoding = encoding
        self._names = names or {}  # more that may be named, though not called
        self.persistent_load: Callable[[Any], Any] = self._no_persistent_load

    @staticmethod
    def _no_persistent_load(pid: Any) -> Any:
        raise UnpicklingError("the pickle refers to data outside of it, and there is none")

    def load(self) -> Any:
        self._globals = _default_globals()
        self._allowed_by_user = _user_table()
        self._callable_ids = {id(f) for f in (*self._globals.values(), *self._allowed_by_user.values())}
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._in_persistent_load = False
        try:
            return self._run()
        except UnpicklingError:
            raise
        except RecursionError:
            raise UnpicklingError("the data is nested too deeply") from None
        except Exception as error:
            if self._in_persistent_load:
                raise  # trouble with the file or a device, not with the pickle
            # whatever goes wrong in a constructor comes from the data
            raise UnpicklingError(f"the data does not fit its constructors: {type(error).__name__}: {error}") from error

    # -- reading --

    def _take(self, count: int) -> memoryview:
        start = self.position
        end = start + count
        if count < 0 or end > self._size:
            raise UnpicklingError("pickle data was truncated")
        self.position = end
        return self._data[start:end]

    def _number(self, layout: struct.Struct) -> Any:
        start = self.position
        end = start + layout.size
        if end > self._size:
            raise UnpicklingError("pickle data was truncated")
        self.position = end
        return layout.unpack_from(self._data, start)[0]

    def _line(self) -> str:
        # names are short: a bound keeps the search for the end of the line cheap
        piece = bytes(self._data[self.position : self.position + 4096])
        end = piece.find(b"\n")
        if end < 0:
            raise UnpicklingError("pickle data was truncated")
        self.position += end + 1
        return piece[:end].decode("utf-8", "replace")

    def _pop(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise UnpicklingError("the pickle takes more values than it has made")
        return self._stack.pop()

    def _top(self, kind: type) -> Any:
        if not self._stack or not isinstance(self._stack[-1], kind):
            raise UnpicklingError(f"the pickle adds items to something that is no {kind.__name__}")
        return self._stack[-1]

    def _items_to_mark(self) -> list[Any]:
        for i in range(len(self._stack) - 1, -1, -1):
            if self._stack[i] is _MARK:
                items = self._stack[i + 1 :]
                del self._stack[i:]
                return items
        raise UnpicklingError("the pickle ends a sequence that it did not begin")

    def _pairs_to_mark(self) -> Iterator[tuple[Any, Any]]:
        items = self._items_to_mark()
        if len(items) % 2:
            raise UnpicklingError("the pickle has a key without a value")
        _check_keys(items[::2])
        return zip(items[::2], items[1::2])

    # -- instructions --

    def _run(self) -> Any:
        handlers, data, size = _HANDLERS, self._data, self._size
        while True:
            position = self.position
            if position >= size:
                raise UnpicklingError("pickle data was truncated")
            code = data[position]
            self.position = position + 1
            handler = handlers.get(code)
            if handler is not None:
                handler(self)
            elif code == _STOP:
                result = self._pop()
                if self._stack:
                    raise UnpicklingError("the pickle leaves values behind")
                return result
            else:
                raise UnpicklingError(
                    f"Unsupported operand {code}: this pickle instruction is not allowed in weights-only files"
                )

    def _proto(self) -> None:
        version = self._number(_U8)
        if version > 5:
            raise UnpicklingError(f"unsupported pickle protocol: {version}")

    def _frame(self) -> None:
        self._take(8)

    def _global(self) -> None:
        module = self._line()
        self._push_global(module, self._line())

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise UnpicklingError("the pickle names a global by something that is no text")
        self._push_global(module, name)

    def _push_global(self, module: str, name: str) -> None:
        full = f"{module}.{name}"
        if full in self._allowed_by_user:
            found = self._allowed_by_user[full]
        elif full in self._globals:
            found = self._globals[full]
        elif full in self._names:
            found = self._names[full]
        else:
            found = _storage_type(module, name)
        if found is None:
            raise UnpicklingError(
                f"Unsupported global: GLOBAL {full} was not an allowed global by default. Please use "
                f"`torch.serialization.add_safe_globals([{name}])` or the `torch.serialization.safe_globals([{name}])` "
                "context manager to allowlist this global if you trust this class/function."
            )
        self._stack.append(found)

    def _reduce(self) -> None:
        args, function = self._pop(), self._pop()
        if not isinstance(args, tuple):
            raise UnpicklingError("the pickle calls something with arguments that are no tuple")
        if not self._may_call(function):
            raise UnpicklingError(f"Trying to call {shown(function)}, which is not an allowed function or class")
        self._stack.append(_CHECKED_CONSTRUCTORS.get(function, function)(*args))

    def _may_call(self, function: Any) -> bool:
        if function is torch.Tensor or isinstance(function, (StorageType, torch.dtype)):
            return False
        return id(function) in self._callable_ids

    def _newobj(self) -> None:
        args, cls = self._pop(), self._pop()
        if not isinstance(args, tuple) or not isinstance(cls, type):
            raise UnpicklingError("the pickle makes an instance of something that is no class")
        allowed = _is_in(cls, self._allowed_by_user) or cls in (OrderedDict, Counter, torch.nn.Parameter)
        if not allowed:
            raise UnpicklingError(f"Trying to make an instance of {full_name(cls)}, which is not an allowed class")
        self._stack.append(cls.__new__(cls, *args))

    def _build(self) -> None:
        state = self._pop()
        if not self._stack:
            raise UnpicklingError("the pickle takes more values than it has made")
        instance = self._stack[-1]
        kind = type(instance)
        if kind in (torch.Tensor, torch.nn.Parameter):
            if not isinstance(state, tuple):
                raise UnpicklingError("a tensor's state must be a tuple")
            instance.__setstate__(state)
        elif kind in (OrderedDict, Counter):
            _attributes(state)
            instance.__dict__.update(state)
        elif _is_in(kind, self._allowed_by_user):
            if hasattr(instance, "__setstate__"):
                instance.__setstate__(state)
            else:
                attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
                for part in (attributes, slots):
                    for name, value in _attributes(part or {}).items():
                        setattr(instance, name, value)
        else:
            raise UnpicklingError(
                f"Can only build Tensor, Parameter, OrderedDict or types allowlisted via "
                f"`add_safe_globals`, but got {full_name(kind)}"
            )

    def _persistent(self) -> None:
        reference = self._pop()
        self._in_persistent_load = True
        self._stack.append(self.persistent_load(reference))
        self._in_persistent_load = False

    def _mark(self) -> None:
        self._stack.append(_MARK)

    def _append(self) -> None:
        value = self._pop()
        self._top(list).append(value)

    def _appends(self) -> None:
        items = self._items_to_mark()
        self._top(list).extend(items)

    def _additems(self) -> None:
        items = _check_keys(self._items_to_mark())
        self._top(set).update(items)

    def _setitem(self) -> None:
        value, key = self._pop(), self._pop()
        _check_key(key)
        self._top(dict)[key] = value

    def _setitems(self) -> None:
        pairs = self._pairs_to_mark()
        self._top(dict).update(pairs)

    def _tuple_of(self, count: int) -> None:
        stack = self._stack
        items = tuple(stack[-count:])
        if len(items) < count or any(item is _MARK for item in items):
            raise UnpicklingError("the pickle takes more values than it has made")
        stack[-count:] = (items,)

    def _text(self, layout: struct.Struct) -> None:
        size = self._number(layout)
        self._stack.append(str(self._take(size), "utf-8", "surrogatepass"))

    def _bytes(self, layout: struct.Struct) -> None:
        size = self._number(layout)
        self._stack.append(bytes(self._take(size)))

    def _old_text(self, layout: struct.Struct) -> None:  # str of Python 2
        raw = bytes(self._take(self._number(layout)))
        self._stack.append(raw if self._encoding == "bytes" else raw.decode(self._encoding))

    def _long(self, layout: struct.Struct) -> None:
        size = self._number(layout)
        self._stack.append(int.from_bytes(self._take(size), "little", signed=True))

    def _put(self, key: int) -> None:
        stack = self._stack
        if not stack or stack[-1] is _MARK:
            raise UnpicklingError("the pickle remembers a value that is not there")
        self._memo[key] = stack[-1]

    def _memoize(self) -> None:
        self._put(len(self._memo))

    def _get(self, key: int) -> None:
        try:
            self._stack.append(self._memo[key])
        except KeyError:
            raise UnpicklingError(f"the pickle refers to value {key}, which it has not made") from None

    def _pop_one(self) -> None:
        if not self._stack:
            raise UnpicklingError("the pickle takes more values than it has made")
        self._stack.pop()

    def _pop_mark(self) -> None:
        self._items_to_mark()


def _is_in(obj: Any, table: dict[str, Any]) -> bool:
    return any(obj is value for value in table.values())


def _attributes(state: Any) -> dict[str, Any]:
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise UnpicklingError("an object's state must be a dict of attributes")
    return state


def _handlers() -> dict[int, Callable[[Unpickler], None]]:
    u = Unpickler

    def push(make: Callable[[], Any]) -> Callable[[Unpickler], None]:
        return lambda self: self._stack.append(make())

    def number(layout: struct.Struct) -> Callable[[Unpickler], None]:
        return lambda self: self._stack.append(self._number(layout))

    by_letter: dict[bytes, Callable[[Unpickler], None]] = {
        b"\x80": u._proto,
        b"\x95": u._frame,
        b"c": u._global,
        b"\x93": u._stack_global,
        b"R": u._reduce,
        b"\x81": u._newobj,
        b"b": u._build,
        b"Q": u._persistent,
        b"(": u._mark,
        b"0": u._pop_one,
        b"1": u._pop_mark,
        b"a": u._append,
        b"e": u._appends,
        b"\x90": u._additems,
        b"s": u._setitem,
        b"u": u._setitems,
        b"]": push(list),
        b"}": push(dict),
        b"\x8f": push(set),
        b")": push(tuple),
        b"t": lambda self: self._stack.append(tuple(self._items_to_mark())),
        b"l": lambda self: self._stack.append(self._items_to_mark()),
        b"d": lambda self: self._stack.append(dict(self._pairs_to_mark())),
        b"\x91": lambda self: self._stack.append(_frozenset(self._items_to_mark())),
        b"\x85": lambda self: self._tuple_of(1),
        b"\x86": lambda self: self._tuple_of(2),
        b"\x87": lambda self: self._tuple_of(3),
        b"N": push(lambda: None),
        b"\x88": push(lambda: True),
        b"\x89": push(lambda: False),
        b"K": number(_U8),
        b"M": number(_U16),
        b"J": number(_I32),
        b"G": number(_F64),
        b"\x8a": lambda self: self._long(_U8),
        b"\x8b": lambda self: self._long(_I32),
        b"X": lambda self: self._text(_U32),
        b"\x8c": lambda self: self._text(_U8),
        b"\x8d": lambda self: self._text(_U64),
        b"C": lambda self: self._bytes(_U8),
        b"B": lambda self: self._bytes(_U32),
        b"\x8e": lambda self: self._bytes(_U64),
        b"U": lambda self: self._old_text(_U8),
        b"T": lambda self: self._old_text(_I32),
        b"q": lambda self: self._put(self._number(_U8)),
        b"r": lambda self: self._put(self._number(_U32)),
        b"\x94": u._memoize,
        b"h": lambda self: self._get(self._number(_U8)),
        b"j": lambda self: self._get(self._number(_U32)),
    }
    return {letter[0]: handler for letter, handler in by_letter.items()}


# classes whose constructors are not let at keys unseen
_CHECKED_CONSTRUCTORS: dict[Any, Callable[..., Any]] = {OrderedDict: _ordered_dict, Counter: _counter}
_STOP = ord(".")
_HANDLERS = _handlers()


def load(data: Any, persistent_load: Callable[[Any], Any], encoding: str = "utf-8") -> Any:
    """Value of a pickle held in memory."""
    unpickler = Unpickler(data, encoding=encoding)
    unpickler.persistent_load = persistent_load
    return unpickler.load()


def _instructions(data: Any) -> Iterator[tuple[Any, Any, Any]]:
    import pickletools

    try:
        yield from pickletools.genops(bytes(data))
    except ValueError as error:
        raise UnpicklingError(f"the data is no complete pickle: {error}") from None


def unsafe_globals(data: Any) -> list[str]:
    """Names in a pickle that :func:`load` would refuse."""
    allowed = {**_default_globals(), **_user_table()}
    names: set[str] = set()
    pushed: list[Any] = []  # texts as such, other values as None
    memo: dict[int, Any] = {}
    for opcode, argument, _ in _instructions(data):
        if opcode.name in ("GLOBAL", "INST"):
            names.add(".".join(str(argument).split(" ", 1)))
            pushed.append(None)
        elif opcode.name == "STACK_GLOBAL":
            module, name = [None, None, *pushed][-2:]
            names.add(f"{module}.{name}" if module and name else "a name that the pickle computes")
            pushed.append(None)
        elif opcode.name in ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"):
            memo[len(memo) if argument is None else argument] = pushed[-1] if pushed else None
        elif opcode.name in ("GET", "BINGET", "LONG_BINGET"):
            pushed.append(memo.get(argument or 0))
        else:
            pushed.append(argument if isinstance(argument, str) else None)
        del pushed[:-2]
    return sorted(n for n in names if n not in allowed and _storage_type(*n.rpartition(".")[::2]) is None)
