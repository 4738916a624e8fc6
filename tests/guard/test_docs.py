"""Every public function has a signature, a docstring with an example that holds, a stub and an entry in the reference."""

from __future__ import annotations

import ast
import doctest
import importlib.util
import inspect
import io
import operator
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, Optional

import pytest
import torch
import torch.nn.functional as F
from conftest import is_ours
from ops import catalogue, records

pytestmark = pytest.mark.skipif(not is_ours(), reason="the reference stands in")
ROOT = Path(__file__).resolve().parent.parent.parent
# Whose example shows on purpose what PyTorch does not do, and why.
NOT_IN_PYTORCH = {"torch.Tensor.to_device": "the array API's"}


def load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pages = load(ROOT / "docs" / "pages.py")


def everything() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    for path in pages.NAMESPACES:
        for name, function in pages.functions(path):
            yield path, name, function


@pytest.fixture
def settings() -> Iterator[None]:
    """What examples change is as before afterwards."""
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    yield
    torch.set_num_threads(threads)
    torch.set_rng_state(state)
    assert torch.get_default_dtype() == torch.float32 and not torch.are_deterministic_algorithms_enabled()
    assert torch.as_tensor(torch.empty(1, device="meta")).is_meta, "an example leaves a default device"


def failure(name: str, text: str) -> str:
    """What is wrong with the examples of a docstring."""
    test = doctest.DocTestParser().get_doctest(text, {"torch": torch}, name, name, 0)
    said = io.StringIO()
    doctest.DocTestRunner(verbose=False).run(test, out=said.write)
    return said.getvalue()


def test_tables_are_whole() -> None:
    counts = {path: sum(1 for _ in pages.functions(path)) for path in pages.NAMESPACES}
    assert counts["torch"] > 580 and counts["torch.Tensor"] > 520 and counts["torch.nn.functional"] >= 128, counts
    assert counts["torch.linalg"] == 41 and counts["torch.fft"] == 22 and counts["torch.special"] == 56, counts


def test_signatures() -> None:
    bare = []
    for path, name, function in everything():
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):
            bare.append(f"{path}.{name}")
            continue
        if path == "torch.Tensor" and next(iter(parameters), "") != "self":
            bare.append(f"{path}.{name} without self")
        kinds = {p.kind for p in parameters.values()}
        if inspect.Parameter.VAR_KEYWORD in kinds and name != "load":  # load hands them to pickle, as PyTorch's does
            bare.append(f"{path}.{name} takes anything")
    assert not bare, bare


def test_docstrings() -> None:
    bare = []
    for path, name, function in everything():
        text = function.__doc__ or ""
        before = text.partition("Example:")[0].strip()
        if "Example:\n" not in text or ">>> " not in text or len(before) < 20:
            bare.append(f"{path}.{name}")
    assert not bare, bare


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", pages.NAMESPACES)
def test_examples_hold(path: str, settings: None) -> None:
    wrong = [said for name, function in pages.functions(path) if (said := failure(f"{path}.{name}", cleaned(function)))]
    assert not wrong, "\n".join(wrong)


def cleaned(function: Callable[..., Any]) -> str:
    return inspect.cleandoc(function.__doc__ or "")


IN_PYTORCH = """
import doctest, io, warnings
warnings.simplefilter("ignore")
result = []
for name, text in sorted(texts.items()):
    test = doctest.DocTestParser().get_doctest(text, {"torch": torch}, name, name, 0)
    said = io.StringIO()
    doctest.DocTestRunner(verbose=False).run(test, out=said.write)
    result.append(said.getvalue())
"""


IN_A_PROCESS = """
done = subprocess.run([sys.executable, "-"], input=code, capture_output=True, text=True)
assert done.returncode == 0, done.stderr
result = json.loads(done.stdout)
"""


@pytest.mark.parametrize("path", pages.NAMESPACES)
def test_examples_hold_in_pytorch(path: str, oracle: Any) -> None:
    """The documented results are PyTorch's as well."""
    texts = {f"{path}.{name}": cleaned(function) for name, function in pages.functions(path)}
    texts = {name: text for name, text in texts.items() if name not in NOT_IN_PYTORCH}
    # In a process of its own: examples set defaults, seeds and memory that later questions would see.
    code = f"import json, torch\ntexts = {texts!r}\n{IN_PYTORCH}\nprint(json.dumps(result))"
    asked = f"import json, subprocess, sys\ncode = {code!r}\n{IN_A_PROCESS}"
    answer = oracle.ask([{"code": asked}])[0]
    assert answer[0] == "ok", answer
    said = [value[1] for value in answer[1][1]]
    assert len(said) == len(texts)
    assert not any(said), "\n".join(said)


def test_own_examples_differ_in_pytorch() -> None:
    for name in NOT_IN_PYTORCH:
        assert "NotImplementedError" in (operator.attrgetter(name.removeprefix("torch."))(torch).__doc__ or "")


# ---------------------------------------------------------------- stubs

STUB = Path(torch.__file__).parent / "_C.pyi"


def stub_functions() -> dict[str, dict[str, list[list[str]]]]:
    """Class (or nothing, for functions of the module) -> function -> parameter names of each overload."""
    found: dict[str, dict[str, list[list[str]]]] = {"": {}}
    tree = ast.parse(STUB.read_text())
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        where = found.setdefault(node.name, {}) if isinstance(node, ast.ClassDef) else found[""]
        for item in inner:
            if isinstance(item, ast.FunctionDef):
                a = item.args
                every = [*a.posonlyargs, *a.args, *([a.vararg] if a.vararg else []), *a.kwonlyargs]
                where.setdefault(item.name, []).append([x.arg for x in every])
    return found


def stub_of(stubs: dict[str, dict[str, list[list[str]]]], path: str, name: str, function: Any) -> Optional[list]:
    """The stub's overloads of a compiled function; None for one written in Python, whose types stand in its source."""
    if not inspect.isbuiltin(function) and not inspect.ismethoddescriptor(function):
        return None
    if hasattr(function, "__wrapped__"):
        return None
    if path == "torch.Tensor":
        return stubs["TensorBase"].get(name, [])
    places = {"torch.linalg": "_linalg", "torch.fft": "_fft", "torch.special": "_special", "torch.nn.functional": "_nn"}
    for place in (places.get(path, ""), ""):
        if function.__name__ in stubs[place]:
            return stubs[place][function.__name__]
    return []


def test_stubs_agree_with_signatures() -> None:
    stubs = stub_functions()
    wrong, compiled, written = [], 0, 0
    for path, name, function in everything():
        overloads = stub_of(stubs, path, name, function)
        given = list(inspect.signature(function).parameters)
        if overloads is None:
            written += 1
            hints = getattr(function, "__wrapped__", function).__annotations__
            if set(given) - set(hints) - {"self"} or "return" not in hints:
                wrong.append(f"{path}.{name} lacks types")
            continue
        compiled += 1
        # Methods have out= only for a message that says that they have not.
        accepted = [[p for p in found if p != "out"] for found in overloads]
        if [p for p in given if p != "out"] not in accepted:
            wrong.append(f"{path}.{name}({', '.join(given)}) is not in the stub: {overloads}")
    assert not wrong, "\n".join(wrong)
    assert compiled > 1000 and written >= 200, (compiled, written)


def test_reference_is_whole() -> None:
    for path in pages.NAMESPACES:
        text = pages.page(path)
        for name, function in pages.functions(path):
            start = text.find(f"\n## {path}.{name}\n")
            assert start >= 0, f"{path}.{name} is not on its page"
            entry = text[start + 1 :].partition("\n## ")[0]
            shown = entry.partition("```text\n")[2].partition("```")[0]
            assert f"{name}(" in shown.partition("\n")[0] or f"{function.__name__}(" in shown.partition("\n")[0], entry
            assert ">>> " in shown


# ---------------------------------------------------------------- dtypes

GROUPS = {"floating": records.FLOATS, "complex": records.COMPLEX, "integer": records.INTS, "bool": records.BOOL}


def documented_dtypes() -> dict[str, set]:
    sys.path.insert(0, str(ROOT / "csrc" / "ops" / "gen"))
    try:
        found = load(ROOT / "csrc" / "ops" / "gen" / "examples.py").load(ROOT / "csrc" / "ops" / "examples")
    finally:
        sys.path.pop(0)
    result = {}
    for name, lines in found.items():
        if name.startswith("dtypes "):
            words = [word.strip() for word in lines[0].split(",")]
            result[name.partition(" ")[2]] = {dtype for word in words for dtype in GROUPS.get(word, (word,))}
    return result


def test_documented_dtypes() -> None:
    """The dtypes in the documentation are those of the records, in which the tests compare with PyTorch."""
    tested: dict[str, set] = {}
    for record in catalogue.records():
        tested.setdefault(record.name, set()).update(record.dtypes)
    documented = documented_dtypes()
    assert len(documented) > 500
    wrong = []
    for name, dtypes in documented.items():
        known = tested.get(name) or tested[name.rstrip("_")]
        if dtypes != known:
            wrong.append(f"{name}: documented without {sorted(known - dtypes)}, with {sorted(dtypes - known)} untested")
    assert not wrong, "\n".join(wrong)


def test_help_shows_functions_of_python() -> None:
    assert "Computes" in (torch.Tensor.backward.__doc__ or "") and F.relu.__doc__


def test_type_checkers_see_all_modules() -> None:
    """What torch.nn.modules collects at run time stands in torch.nn for type checkers, family by family."""
    package = Path(torch.__file__).parent / "nn"

    def families(path: Path) -> set:
        found = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        stars = [node.module or "" for node in found if node.names[0].name == "*"]
        return {module for module in stars if module.startswith("torch.nn.modules.")}

    assert families(package / "__init__.py") == families(package / "modules" / "__init__.py")
