"""Files made to harm: each is refused with an exception that says why, nothing in it runs, no memory is taken that the file
does not hold, and nothing crashes."""

from __future__ import annotations

import io
import os
import pickle
import random
import resource
import signal
import struct
import sys
import warnings
import zipfile
from typing import Any, Optional

import pytest
import torch
from conftest import is_sanitized

pytestmark = pytest.mark.core

REFUSED = (pickle.UnpicklingError, RuntimeError, ValueError, EOFError)
HARMFUL_EVENTS = (
    "os.system",
    "subprocess.Popen",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "socket.connect",
    "shutil.",
)
_watching: Optional[list[str]] = None


def _watch(event: str, args: Any) -> None:
    if _watching is None:
        return
    writes = event == "open" and isinstance(args[1], str) and "w" in args[1]
    code = event == "exec" and not os.path.exists(args[0].co_filename)  # of no module
    if writes or code or event.startswith(HARMFUL_EVENTS):
        _watching.append(f"{event} {args[:1]}"[:200])


sys.addaudithook(_watch)


def refused(data: bytes, **options: Any) -> str:
    """What torch.load says to a file; fails if it loads, runs something or takes much memory."""
    global _watching
    torch.load(io.BytesIO(saved(0)))  # what is imported at the first call is no deed of the file
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _watching = []
    try:
        with pytest.raises(REFUSED) as error:
            torch.load(io.BytesIO(data), **options)
        events = _watching
    finally:
        _watching = None
    assert not events, f"the file has run {events}"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < (400 << 10 if is_sanitized() else 100 << 10), f"the file took {grown >> 10} MiB"
    assert str(error.value)
    return str(error.value)


def saved(obj: Any, **options: Any) -> bytes:
    f = io.BytesIO()
    torch.save(obj, f, **options)
    return f.getvalue()


BASE = saved(torch.ones(3))


def repacked(data: bytes, **changes: Any) -> bytes:
    """The archive with other contents in some records; underscores stand for slashes."""
    changes = {name.replace("__", "/"): value for name, value in changes.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as a, zipfile.ZipFile(out, "w") as b:
        for n in a.namelist():
            b.writestr(n, changes.get(n.partition("/")[2], a.read(n)))
    return out.getvalue()


def program(*parts: bytes) -> bytes:
    """A checkpoint whose pickle is the given instructions."""
    return repacked(BASE, **{"data.pkl": b"\x80\x02" + b"".join(parts) + b"."})


# ---- pickles: the instructions by their letters ----


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def number(n: int) -> bytes:
    raw = n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def text(s: str) -> bytes:
    return b"X" + struct.pack("<I", len(s.encode())) + s.encode()


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


def storage(
    cls: str = "FloatStorage", key: str = "0", numel: Any = 3, location: str = "cpu", module: str = "torch"
) -> bytes:
    count = number(numel) if isinstance(numel, int) else numel
    return b"(" + text("storage") + name(module, cls) + text(key) + text(location) + count + b"tQ"


SYSTEM = call(name("os", "system"), text("true"))
ORDERED = name("collections", "OrderedDict")
V2, V3 = name("torch._utils", "_rebuild_tensor_v2"), name("torch._utils", "_rebuild_tensor_v3")
TENSOR, PARAMETER = name("torch", "Tensor"), name("torch.nn.parameter", "Parameter")
FROM_TYPE = name("torch._tensor", "_rebuild_from_type_v2")
SPARSE = name("torch._utils", "_rebuild_sparse_tensor")
HOOKS = ORDERED + b")R"
ONE, NONE, FALSE, EMPTY = b"K\x01", b"N", b"\x89", b")"


def tensor(
    offset: bytes = b"K\x00", size: bytes = b"K\x03\x85", stride: bytes = b"K\x01\x85", more: bytes = b""
) -> bytes:
    return call(V2, storage(), offset, size, stride, FALSE, HOOKS, more)


def indices(values: bytes, numel: int = 1) -> bytes:
    """An int64 tensor over the record "0", of 12 bytes: one number."""
    return call(V2, storage("LongStorage", numel=numel), b"K\x00", values, b"K\x01\x85", FALSE, HOOKS)


def nested_tuples(depth: int) -> bytes:
    return b")" + b"\x85" * depth


def doubled_tuples(depth: int) -> bytes:
    """A tuple of two tuples of two tuples ...: 2^depth of them, in some bytes."""
    return b")" + b"".join(b"q\x01h\x01\x86" for _ in range(depth))


def doubled_lists(depth: int) -> bytes:
    """A list of two lists of two lists ...: who makes a text or a tensor of it never ends."""
    return b"]" + b"q\x010](h\x01h\x01e" * depth


LAYOUT = call(name("torch.serialization", "_get_layout"), text("torch.sparse_coo"))
CSR = call(name("torch.serialization", "_get_layout"), text("torch.sparse_csr"))
CODE = {
    "system": SYSTEM,
    "system in a list": b"](" + SYSTEM + b"e",
    "posix system": call(name("posix", "system"), text("true")),
    "nt system": call(name("nt", "system"), text("true")),
    "subprocess": call(name("subprocess", "Popen"), text("true")),
    "eval": call(name("builtins", "eval"), text("1")),
    "eval of Python 2": call(name("__builtin__", "eval"), text("1")),
    "exec": call(name("builtins", "exec"), text("1")),
    "compile": call(name("builtins", "compile"), text("1"), text(""), text("exec")),
    "import": call(name("builtins", "__import__"), text("os")),
    "import_module": call(name("importlib", "import_module"), text("antigravity")),
    "runpy": call(name("runpy", "_run_code"), text("1"), b"}"),
    "open": call(name("builtins", "open"), text("/tmp/x"), text("w")),
    "open of io": call(name("io", "open"), text("/tmp/x"), text("w")),
    "getattr": call(name("builtins", "getattr"), name("torch", "Tensor"), text("__init__")),
    "apply": call(name("builtins", "map"), name("os", "system"), b"("+ text("true") + b"t"),
    "operator": call(name("operator", "attrgetter"), text("system")),
    "partial": call(name("functools", "partial"), name("os", "system"), text("true")),
    "pickle in a pickle": call(name("pickle", "loads"), b"C\x01."),
    "load in a load": call(name("torch", "load"), text("x")),
    "torch.storage bytes": call(name("torch.storage", "_load_from_bytes"), b"C\x01."),
    "torch.hub": call(name("torch.hub", "load"), text("x"), text("y")),
    "torch.compile": name("torch", "compile") + b")R",
    "cpp extension": call(name("torch.utils.cpp_extension", "load"), text("x"), text("y")),
    "dotted name": name("torch", "nn.Module.__init__.__globals__"),
    "dotted name of a listed class": name("torch", "Tensor.backward"),
    "method of a listed class": name("collections", "OrderedDict.update"),
    "private function": name("torch._utils", "_import_dotted_name") + b")R",
    "the unpickler itself": name("torch._weights_only_unpickler", "add_safe_globals") + b"]\x85R",
    "add_safe_globals": call(name("torch.serialization", "add_safe_globals"), b"]"),
    "stack global": b"\x8c\x02os\x8c\x06system\x93" + text("true") + b"\x85R",
    "stack global of numbers": b"K\x01K\x02\x93",
    "stack global of a computed text": text("o") + b"K\x01" + b"\x93",
    "stack global with line ends": text("torch\nos") + text("system") + b"\x93)R",
    "instance": b"(" + text("true") + b"ios\nsystem\n",
    "object": b"(" + name("os", "system") + text("true") + b"o",
    "newobj": name("os", "system") + text("true") + b"\x85\x81",
    "newobj with keywords": name("os", "system") + b")}\x92",
    "newobj of a listed function": V2 + b")\x81",
    "newobj of a tensor": TENSOR + b")\x81",
    "newobj of a list": b"])\x81",
    "extension 1": b"\x82\x01",
    "extension 2": b"\x83\x01\x00",
    "extension 4": b"\x84\x01\x00\x00\x00",
    "name with a line end in it": b"c\n\n",
    "name that is no utf-8": b"c\xff\xfe\n\xff\n)R",
}  # fmt: skip
STATES = {
    "state of a function": V2 + b"}" + text("a") + ONE + b"sb",
    "code of a function": V2 + b"}" + text("__code__") + ONE + b"sb",
    "state of a class": TENSOR + b"}" + text("a") + ONE + b"sb",
    "slots of a class": TENSOR + b"N}" + text("a") + ONE + b"s\x86b",
    "state of a list": b"]}b",
    "state of a dict": b"}}b",
    "state of nothing": b"Nb",
    "state of a dtype": name("torch", "float32") + b"}b",
    "state of an OrderedDict that is a list": HOOKS + b"]b",
    "state of an OrderedDict with numbers": HOOKS + b"}K\x01K\x02sb",
    "state of a tensor that is a dict": tensor() + b"}" + text("a") + ONE + b"sb",
    "state of a tensor that enlarges its storage": tensor() + b"(" + storage() + b"K\x00" + number(2**40) + b"\x85" + b"K\x01\x85" + b"tb",
    "state of a tensor beyond its storage": tensor() + b"(" + storage() + b"K\x03" + b"K\x01\x85" + b"K\x01\x85" + b"tb",
    "state of a tensor with a negative stride": tensor() + b"(" + storage() + b"K\x02" + b"K\x02\x85" + number(-1) + b"\x85" + b"tb",
    "state of a tensor of other parts": tensor() + b"(K\x01K\x02tb",
    "class in the state": call(FROM_TYPE, V2, TENSOR, b"(" + storage() + b"K\x00K\x03\x85K\x01\x85" + FALSE + HOOKS + b"t", b"}" + text("__class__") + name("torch", "device") + b"s"),
    "dict in the state of a parameter": call(name("torch._utils", "_rebuild_parameter_with_state"), tensor(), FALSE, HOOKS, b"}" + text("data") + ONE + b"s"),
    "state of three parts": call(name("torch._utils", "_rebuild_parameter_with_state"), tensor(), FALSE, HOOKS, b"}}}\x87"),
    "state that is a number": call(name("torch._utils", "_rebuild_parameter_with_state"), tensor(), FALSE, HOOKS, ONE),
    "rebuild by code": call(FROM_TYPE, name("os", "system"), TENSOR, text("true") + b"\x85", b"}"),
    "rebuild by a listed class": call(FROM_TYPE, TENSOR, TENSOR, number(10**15) + b"\x85", b"}"),
    "rebuild by itself": call(FROM_TYPE, FROM_TYPE, TENSOR, b"(NNNNt", b"}"),
    "rebuild to a class that is no tensor": call(FROM_TYPE, V2, ORDERED, b")", b"}"),
    "attribute that is read-only": call(FROM_TYPE, V2, TENSOR, b"(" + storage() + b"K\x00K\x03\x85K\x01\x85" + FALSE + HOOKS + b"t", b"}" + text("shape") + ONE + b"s"),
    "gradient of another shape": call(FROM_TYPE, V2, TENSOR, b"(" + storage() + b"K\x00K\x03\x85K\x01\x85" + FALSE + HOOKS + b"t", b"}" + text("grad") + tensor(size=b"K\x02\x85") + b"s"),
}  # fmt: skip
MEMORY = {
    "bytearray of a slow encoding": call(name("builtins", "bytearray"), text("a" * 100000), text("idna")),
    "bytearray of a number": call(name("builtins", "bytearray"), number(10**15)),
    "bytes of a number": call(name("builtins", "bytes"), number(10**15)),
    "list of a range": call(name("builtins", "range"), number(10**15)),
    "tensor of a number": call(TENSOR, number(10**15)),
    "storage of a number": call(name("torch", "FloatStorage"), number(10**15)),
    "untyped storage of a number": call(name("torch.storage", "UntypedStorage"), number(10**15)),
    "parameter of a number": call(PARAMETER, number(10**15)),
    "text beyond the end": b"X\xff\xff\xff\xffabc",
    "long text": b"\x8d" + struct.pack("<Q", 2**62) + b"a",
    "long bytes": b"\x8e" + struct.pack("<Q", 2**63 + 5) + b"a",
    "bytes beyond the end": b"B\xff\xff\xff\x7fabc",
    "bytearray beyond the end": b"\x96" + struct.pack("<Q", 2**40) + b"a",
    "buffer from outside": b"\x97",
    "long integer of negative length": b"\x8b" + struct.pack("<i", -5),
    "long integer beyond the end": b"\x8b\xff\xff\xff\x7fa",
    "old text of negative length": b"T" + struct.pack("<i", -1),
    "frame beyond the end": b"\x95" + struct.pack("<Q", 2**40),
    "size beyond the record": storage(numel=10**15),
    "size of 2^63": storage(numel=2**63),
    "negative size": storage(numel=-1),
    "size that is a text": storage(numel=text("3")),
    "size that is a float": storage(numel=b"G" + struct.pack(">d", 3.0)),
    "key of 2^40 parts": b"}" + doubled_tuples(40) + ONE + b"s",
    "item of a set of 2^40 parts": b"\x8f(" + doubled_tuples(40) + b"\x90",
    "frozen set of 2^40 parts": b"(" + doubled_tuples(40) + b"\x91",
    "frozenset() of 2^40 parts": call(name("builtins", "frozenset"), b"](" + doubled_tuples(40) + b"e"),
    "OrderedDict of 2^40 parts": call(ORDERED, b"](" + doubled_tuples(40) + ONE + b"\x86e"),
    "Counter of 2^40 parts": call(name("collections", "Counter"), b"](" + doubled_tuples(40) + b"e"),
    "deep key": b"}" + nested_tuples(100000) + ONE + b"s",
    "deep keys at once": b"}(" + nested_tuples(100000) + ONE + b"u",
    "deep key of dict()": b"(" + nested_tuples(100000) + ONE + b"d",
    "deep item of set()": call(name("builtins", "set"), b"](" + nested_tuples(100000) + b"e"),
}  # fmt: skip
TENSORS = {
    "tensor beyond its storage": tensor(size=b"K\x04\x85"),
    "offset beyond its storage": tensor(offset=b"K\x03", size=b"K\x01\x85"),
    "negative offset": tensor(offset=number(-1), size=b"K\x01\x85"),
    "offset of 2^62": tensor(offset=number(2**62), size=b"K\x01\x85"),
    "negative stride": tensor(offset=b"K\x02", size=b"K\x02\x85", stride=number(-1) + b"\x85"),
    "stride of 2^62": tensor(size=b"K\x02\x85", stride=number(2**62) + b"\x85"),
    "stride that wraps around": tensor(size=b"K\x05\x85", stride=number(2**62) + b"\x85"),
    "negative size": tensor(size=number(-1) + b"\x85"),
    "sizes and strides differ": tensor(size=b"K\x01\x85", stride=b"K\x01K\x01\x86"),
    "size of 2^62": tensor(size=number(2**62) + b"\x85", stride=number(2**62) + b"\x85"),
    "size that overflows": tensor(size=number(2**62) * 2 + b"\x86", stride=b"K\x00K\x00\x86"),
    "size beyond int64": tensor(size=number(2**80) + b"\x85"),
    "size that is a text": tensor(size=text("a") + b"\x85"),
    "many dimensions": tensor(size=b"(" + ONE * 70000 + b"t", stride=b"(" + ONE * 70000 + b"t"),
    "storage that is a text": call(V2, text("0"), b"K\x00", b"K\x01\x85", b"K\x01\x85", FALSE, HOOKS),
    "storage that is a tensor": call(V2, tensor(), b"K\x00", b"K\x01\x85", b"K\x01\x85", FALSE, HOOKS),
    "dtype that is a text": call(V3, storage(), b"K\x00", b"K\x01\x85", b"K\x01\x85", FALSE, HOOKS, text("float32")),
    "wider dtype": call(V3, storage("UntypedStorage", numel=12, module="torch.storage"), b"K\x00", b"K\x03\x85", b"K\x01\x85", FALSE, HOOKS, name("torch", "complex128")),
    "wider storage class": call(V2, storage("DoubleStorage"), b"K\x00", b"K\x03\x85", b"K\x01\x85", FALSE, HOOKS),
    "gradient of integers": call(V2, storage("IntStorage"), b"K\x00", b"K\x01\x85", b"K\x01\x85", b"\x88", HOOKS),
    "unknown metadata": tensor(more=b"}" + text("x") + ONE + b"s"),
    "metadata that is code": tensor(more=name("torch", "device")),
    "meta tensor that overflows": call(name("torch._utils", "_rebuild_meta_tensor_no_storage"), name("torch", "float32"), number(2**62) * 2 + b"\x86", b"K\x00K\x00\x86", FALSE),
    "meta tensor of a text": call(name("torch._utils", "_rebuild_meta_tensor_no_storage"), text("x"), EMPTY, EMPTY, FALSE),
    "sparse with an index out of range": call(SPARSE, LAYOUT, b"(" + call(V2, storage("LongStorage", numel=1), b"K\x00", b"K\x01K\x01\x86", b"K\x01K\x01\x86", FALSE, HOOKS) + tensor(size=b"K\x01\x85") + b"K\x05\x85t"),
    "sparse of other dimensions": call(SPARSE, LAYOUT, b"(" + tensor() + tensor() + b"K\x05\x85t"),
    "sparse of numbers": call(SPARSE, LAYOUT, b"(K\x01K\x02K\x03t"),
    "sparse of too many parts": call(SPARSE, LAYOUT, b"(K\x01K\x02K\x03K\x04K\x05K\x06t"),
    "sparse with negative size": call(SPARSE, LAYOUT, b"(" + tensor() + tensor() + number(-5) + b"\x85t"),
    "compressed with wrong rows": call(SPARSE, CSR, b"(" + indices(b"K\x01\x85") + indices(b"K\x01\x85") + tensor(size=b"K\x01\x85") + number(2**40) + b"K\x05\x86t"),
    "layout that is none": call(name("torch.serialization", "_get_layout"), text("torch.nn")),
    "layout of code": call(name("torch.serialization", "_get_layout"), text("os.system")),
    "device that is none": call(name("torch", "device"), text("shell")),
    "parameter of a text": call(PARAMETER, text("a")),
    "call of a dtype": name("torch", "float32") + b")R",
    "call of a storage class": call(name("torch", "FloatStorage"), b"K\x05"),
    "class of no storage": storage("NoStorage"),
    "storage that is a dtype": storage("float32"),
    "missing record": storage(key="../x"),
    "record that is no storage": storage(key="../data.pkl"),
    "nonsense place": storage(location="cpx"),
    "empty place": storage(location=""),
    "place with a number": storage(location="cpu:99999"),
    "graphics card": storage(location="cuda:0"),
}  # fmt: skip
FORM = {
    "arguments that are no tuple": ORDERED + b"]R",
    "arguments of the wrong number": V2 + b")R",
    "encode to another encoding": call(name("_codecs", "encode"), text("a"), text("utf-7")),
    "encode of a number": call(name("_codecs", "encode"), ONE, text("latin1")),
    "unknown instruction": b"\xff",
    "empty pickle": b"",
    "pop of nothing": b"0",
    "reduce of nothing": b"R",
    "mark left": b"(",
    "values left": b"K\x01K\x02",
    "tuple without mark": b"t",
    "pop to no mark": b"1",
    "get of nothing": b"h\x05",
    "put of nothing": b"q\x05",
    "put of a mark": b"(q\x05",
    "append to a dict": b"}K\x01a",
    "append to a tensor": tensor() + b"K\x01a",
    "set item of a list": b"]K\x01K\x02s",
    "items of a tensor": tensor() + b"(K\x01K\x02u",
    "add to a list": b"](K\x01\x90",
    "odd items": b"}(K\x01u",
    "unhashable key": b"}]K\x01s",
    "unhashable key inside of a tuple": b"}]\x85K\x01s",
    "bad utf-8": b"X\x02\x00\x00\x00\xff\xfe",
    "line without end": b"c" + b"a" * 5000,
    "newer protocol": b"\x80\x63N",
    "text protocol": b"I1\n",
    "persistent text": text("a") + b"Q",
    "persistent line": b"P0\n",
    "persistent number": b"K\x01Q",
    "persistent tuple of too few": text("storage") + b"\x85Q",
    "persistent of another kind": b"(" + text("module") + name("torch", "FloatStorage") + text("0") + text("cpu") + ONE + b"tQ",
    "key that is a number": b"(" + text("storage") + name("torch", "FloatStorage") + ONE + text("cpu") + ONE + b"tQ",
    "tuple that holds itself": b")q\x01h\x01" + b"\x85" + b"Q",
    "list that holds itself as a key": b"]q\x01h\x01a}h\x01K\x01s",
    "list that holds itself as arguments": V2 + b"]q\x01h\x01ah\x01\x85R",
    "dict that holds itself as a state": b"}q\x01" + text("a") + b"h\x01s" + V2 + b"h\x01b",
}  # fmt: skip
HOSTILE = {
    f"{group}: {case}": code
    for group, cases in (("code", CODE), ("state", STATES), ("memory", MEMORY), ("tensor", TENSORS), ("form", FORM))
    for case, code in cases.items()
}


def test_there_are_many() -> None:
    assert len(HOSTILE) >= 150


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_pickles(case: str) -> None:
    refused(program(HOSTILE[case]))


@pytest.mark.parametrize("group", ["code", "state", "tensor", "form"])
def test_hostile_pickles_in_the_old_format(group: str) -> None:
    """The same instructions in the format before version 1.6, whose storages come last."""
    head = saved(0, _use_new_zipfile_serialization=False)
    head = head[: head.rindex(b"\x80\x02K\x00.")]
    tail = pickle.dumps(["0"], 2) + struct.pack("<q", 3) + bytes(12)
    for case, code in HOSTILE.items():
        if case.startswith(group):
            try:
                refused(head + b"\x80\x02" + code + b"." + tail)
            except BaseException as error:
                raise AssertionError(case) from error


def within(seconds: int, data: bytes) -> None:
    """Loads or refuses a file in some time and memory."""

    def stop(*args: Any) -> None:
        raise TimeoutError(f"the file took more than {seconds} s")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        torch.load(io.BytesIO(data))
    except REFUSED as error:
        assert len(str(error)) < 3000
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


@pytest.mark.parametrize("endless", [doubled_lists(45), doubled_tuples(45)], ids=["lists", "tuples"])
def test_values_of_endless_text(endless: bytes) -> None:
    """Wherever a value of a file goes, nobody makes a text of it, goes through it or hashes it."""
    from torch._weights_only_unpickler import _default_globals

    for full in _default_globals():
        listed = name(*full.rpartition(".")[::2])
        for count in (1, 2, 4, 7):
            within(20, program(call(listed, *[endless] * count)))
        within(20, program(listed + endless + b"R"))
        within(20, program(listed + endless + b"b"))
        within(20, program(listed + endless + b"\x85\x81"))
    places = [
        endless + b")R",
        endless + b"Q",
        endless + b"}b",
        tensor() + endless + b"b",
        tensor() + b"(" + storage() + endless * 3 + b"tb",
        tensor(size=endless),
        tensor(offset=endless),
        tensor(more=b"}" + text("conj") + endless + b"s"),
        tensor(more=endless),
        call(FROM_TYPE, V2, TENSOR, b"(" + storage() + b"K\x00K\x03\x85K\x01\x85" + FALSE + HOOKS + b"t", endless),
        call(SPARSE, LAYOUT, b"(" + endless * 3 + b"t"),
        call(SPARSE, CSR, b"(" + endless * 4 + b"t"),
        storage(numel=endless),
        b"(" + text("storage") + endless + text("0") + text("cpu") + ONE + b"tQ",
        b"(" + text("storage") + name("torch", "FloatStorage") + endless + text("cpu") + ONE + b"tQ",
        b"(" + text("storage") + name("torch", "FloatStorage") + text("0") + endless + ONE + b"tQ",
        b"(" + endless * 5 + b"tQ",
        b"}" + endless + ONE + b"s",
        endless + endless + b"\x93",
    ]
    for place in places:
        within(20, program(place))
    head = saved(0, _use_new_zipfile_serialization=False)
    head = head[: head.rindex(b"\x80\x02K\x00.")]
    within(20, head + b"\x80\x02N." + b"\x80\x02" + endless + b".")
    within(20, head[:2] + endless + b"." + head)


def test_deep_nesting_is_no_crash() -> None:
    for deep in (b"]" * 100000 + b"a" * 99999, b"}K\x00" * 99999 + b"}" + b"s" * 99999, b")" + b"\x85" * 100000):
        value = torch.load(io.BytesIO(program(deep)))
        depth = 0
        while value:
            value, depth = value[0], depth + 1
        assert depth >= 99999


def test_cycles_are_no_crash() -> None:
    itself = torch.load(io.BytesIO(program(b"]q\x01h\x01a")))
    assert itself[0] is itself
    both_ways = torch.load(io.BytesIO(program(b"}q\x01" + text("a") + b"]q\x02h\x01as")))
    assert both_ways["a"][0] is both_ways


def test_every_truncation() -> None:
    for data in (BASE, saved(torch.ones(3), _use_new_zipfile_serialization=False)):
        for end in range(len(data) - 1):
            with pytest.raises(REFUSED):
                torch.load(io.BytesIO(data[:end]))


# ---- archives ----


def directory_entry(data: bytes, record: str) -> int:
    at = data.rindex(b"archive/" + record.encode()) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    return at


def changed(data: bytes, record: str, field: int, layout: str, value: int) -> bytes:
    """The archive with another value in a field of the directory."""
    at = directory_entry(data, record) + field
    return data[:at] + struct.pack(layout, value) + data[at + struct.calcsize(layout) :]


def compressed(*records: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for record, data in records:
            archive.writestr("archive/" + record, data)
    return out.getvalue()


def offset_of(data: bytes, record: str) -> int:
    return struct.unpack_from("<I", data, directory_entry(data, record) + 42)[0]


def twice() -> bytes:
    out = io.BytesIO(BASE)
    with warnings.catch_warnings(), zipfile.ZipFile(out, "a") as z:
        warnings.simplefilter("ignore")
        z.writestr("archive/data/0", b"other")
    return out.getvalue()


def end_field(field: int, value: int) -> bytes:
    at = BASE.rindex(b"PK\x06\x06") + field
    data = BASE[:at] + struct.pack("<Q", value) + BASE[at + 8 :]
    return data[:-22] + b"PK\x05\x06" + bytes(4) + b"\xff" * 12 + bytes(2)  # all is in the 64-bit record


LARGE = b"\x80\x02" + storage(numel=40 << 20) + b"."
ARCHIVES = {
    "two records in one place": lambda: changed(BASE, "version", 42, "<I", offset_of(BASE, "data/0")),
    "a record inside of another": lambda: changed(BASE, "version", 42, "<I", offset_of(BASE, "data/0") + 40),
    "a record beyond the end": lambda: changed(BASE, "data/0", 42, "<I", 2**31),
    "a record in the directory": lambda: changed(BASE, "data/0", 42, "<I", len(BASE) - 60),
    "a record of 4 GB": lambda: changed(changed(BASE, "data/0", 20, "<I", 2**32 - 256), "data/0", 24, "<I", 2**32 - 256),
    "a record that claims 4 GB": lambda: changed(BASE, "data/0", 24, "<I", 2**32 - 256),
    "an encrypted record": lambda: changed(BASE, "data/0", 8, "<H", 0x809),
    "an unknown compression": lambda: changed(BASE, "data/0", 10, "<H", 77),
    "a stored record said to be compressed": lambda: changed(BASE, "data/0", 10, "<H", 8),
    "another checksum": lambda: changed(BASE, "data/0", 16, "<I", 1),
    "another name": lambda: BASE[: directory_entry(BASE, "data/0") + 46] + b"archive/data/1" + BASE[directory_entry(BASE, "data/0") + 60 :],
    "another folder": lambda: BASE[: directory_entry(BASE, "data/0") + 46] + b"Archive/data/0" + BASE[directory_entry(BASE, "data/0") + 60 :],
    "the same name twice": twice,
    "no records": lambda: b"PK\x03\x04" + compressed(),
    "no pickle": lambda: compressed(("version", b"3\n")),
    "a bomb for a storage": lambda: compressed(("data.pkl", LARGE), ("data/0", bytes(160 << 20)), ("version", b"3\n")),
    "a bomb for a pickle": lambda: compressed(("data.pkl", b"\x80\x02N" + bytes(160 << 20) + b"."), ("version", b"3\n")),
    "a bomb of many records": lambda: compressed(("data.pkl", LARGE), *((f"data/{i}", bytes(8 << 20)) for i in range(20))),
    "a byte order that is none": lambda: repacked(BASE, byteorder=b"middle"),
    "the head of an archive alone": lambda: b"PK\x03\x04",
    "a directory of 2^63 bytes": lambda: end_field(40, 2**63),
    "a directory far behind the end": lambda: end_field(48, 2**63),
}  # fmt: skip


@pytest.mark.parametrize("case", ARCHIVES)
def test_hostile_archives(case: str) -> None:
    data = ARCHIVES[case]()
    assert data != BASE
    refused(data)


def test_sparse_tensors_are_checked_when_their_parts_are_there() -> None:
    """In the old format the indices come after the tensor is made: they are looked at then."""
    x = torch.sparse_coo_tensor([[1], [1]], [1.0], (3, 3), is_coalesced=True)
    data = saved(x, _use_new_zipfile_serialization=False)
    assert torch.load(io.BytesIO(data)).to_dense()[1, 1] == 1
    inside = torch.tensor([1, 1]).numpy().tobytes()
    assert data.count(inside) == 1
    message = refused(data.replace(inside, torch.tensor([1, 2**40]).numpy().tobytes()))
    assert "index" in message or "indices" in message


def seeds() -> list[tuple[bytes, dict[str, bytes]]]:
    """Pickles of everything that files have, with the records they refer to."""
    tagged = torch.ones(2)
    tagged.mark = {"a": [1, 2]}  # type: ignore[attr-defined]
    objects = [
        {
            "w": torch.arange(6.0).reshape(2, 3).t(),
            "p": torch.nn.Parameter(torch.ones(2)),
            "u": torch.ones(2).to(torch.uint16),
        },
        [torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr(), torch.empty(2, 3, device="meta"), tagged],
        [
            torch.float8_e5m2,
            torch.Size([1, 2]),
            torch.device("cpu"),
            {1, 2},
            frozenset("ab"),
            b"bytes",
            2**70,
            1.5,
            1j,
            "text",
        ],
        torch.optim.Adam([torch.nn.Parameter(torch.ones(2))]).state_dict(),
        [torch.FloatStorage([1, 2]), torch.UntypedStorage([1, 2, 3]), bytearray(b"abc")],
    ]
    found = []
    for obj in objects:
        for protocol in (2, 4):
            with zipfile.ZipFile(io.BytesIO(saved(obj, pickle_protocol=protocol))) as archive:
                records = {n.partition("/")[2]: archive.read(n) for n in archive.namelist()}
            found.append((records.pop("data.pkl"), records))
    return found


def archive_of(data: bytes, records: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for record, contents in {"data.pkl": data, **records}.items():
            archive.writestr("archive/" + record, contents)
    return out.getvalue()


def test_mutated_pickles() -> None:
    """Valid pickles with some bytes changed, moved or repeated, under checksums that fit."""
    rng = random.Random(7)
    made = seeds()
    letters = sorted({data[i] for data, _ in made for i in range(len(data))} | set(b"(.0]})\x81\x85\x93Qbcehjqrstu"))
    loaded = 0
    for _ in range(4000):
        data, records = rng.choice(made)
        broken = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 4))):
            at, kind = rng.randrange(2, len(broken)), rng.random()
            if kind < 0.5:
                broken[at] = rng.choice(letters)
            elif kind < 0.7:
                broken[at] ^= 1 << rng.randrange(8)
            elif kind < 0.85:
                piece = rng.randrange(2, len(broken))
                broken[at:at] = broken[piece : piece + rng.randrange(1, 40)]
            else:
                del broken[at : at + rng.randrange(1, 20)]
        try:
            value = torch.load(io.BytesIO(archive_of(bytes(broken), records)))
        except REFUSED:
            continue
        loaded += 1
        for tensor in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            if isinstance(tensor, torch.Tensor) and tensor.numel() < 1000 and not tensor.is_meta:
                tensor.detach().clone()  # what was built can be used
    assert 20 < loaded < 3900
