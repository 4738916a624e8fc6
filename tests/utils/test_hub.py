"""torch.hub from a folder and over file:// and a server of this process."""

from __future__ import annotations

import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import hub

HUBCONF = '''
dependencies = ["json"]
from helper import SIZE

def linear(outs=2, *, bias=True):
    """A linear layer."""
    import torch
    return torch.nn.Linear(SIZE, outs, bias=bias)

def _hidden():
    pass

value = 3
'''


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "hubconf.py").write_text(HUBCONF)
    (folder / "helper.py").write_text("SIZE = 4\n")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    before = hub._hub_dir
    hub.set_dir(tmp_path / "hub")
    yield tmp_path / "hub"
    hub._hub_dir = before


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, directory=str(folder), **kwargs)

        def log_message(self, *args):
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()
    thread.join()


def test_load_from_a_folder(repository) -> None:
    model = hub.load(str(repository), "linear", 3, source="local", bias=False)
    assert model.weight.shape == (3, 4) and model.bias is None
    assert hub.load(repository, "linear", source="local").weight.shape == (2, 4)
    with pytest.raises(RuntimeError, match="Cannot find callable value"):
        hub.load(repository, "value", source="local")
    with pytest.raises(RuntimeError, match="Cannot find callable nothing"):
        hub.load(repository, "nothing", source="local")
    with pytest.raises(ValueError, match="Unknown source"):
        hub.load(repository, "linear", source="elsewhere")
    with pytest.raises(FileNotFoundError):
        hub.load(repository / "no", "linear", source="local")


def test_missing_dependencies(repository) -> None:
    (repository / "hubconf.py").write_text("dependencies = ['no_such_package']\ndef f(): pass\n")
    with pytest.raises(RuntimeError, match="Missing dependencies: no_such_package"):
        hub.load(repository, "f", source="local")


def test_a_repository_that_was_fetched(repository, home, capsys) -> None:
    cached = home / "pytorch_models_main"
    cached.parent.mkdir()
    repository.rename(cached)
    assert hub.list("pytorch/models:main") == ["linear"]
    assert hub.help("pytorch/models:main", "linear") == "A linear layer."
    assert hub.load("pytorch/models:main", "linear", verbose=False).weight.shape == (2, 4)
    assert "Using cache found in" in capsys.readouterr().err


def test_trust(repository, home, monkeypatch) -> None:
    (home / "somebody_models_main").parent.mkdir()
    repository.rename(home / "somebody_models_main")
    monkeypatch.setattr("builtins.input", lambda question: "n")
    with pytest.raises(Exception, match="Untrusted repository"):
        hub.load("somebody/models:main", "linear")
    with pytest.warns(UserWarning, match="untrusted repository"):
        hub.load("somebody/models:main", "linear", trust_repo=None)
    hub.load("somebody/models:main", "linear", trust_repo=True)
    hub.load("somebody/models:main", "linear")  # remembered
    assert "somebody_models" in (home / "trusted_list").read_text()
    with pytest.raises(ValueError, match="owner/name"):
        hub.load("nothing", "linear")


def test_archives_stay_in_their_folder(tmp_path) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside.txt", "no")
    with zipfile.ZipFile(path) as archive, pytest.raises(ValueError, match="leads out"):
        hub._safe_extract_zip(archive, str(tmp_path / "inside"))
    assert not (tmp_path / "outside.txt").exists()


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_downloads(tmp_path, server, home, scheme) -> None:
    source = tmp_path / "served" / "weights.pth"
    torch.save({"w": torch.arange(3.0)}, source)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    named = source.with_name(f"weights-{digest[:8]}.pth")
    source.rename(named)
    url = named.as_uri() if scheme == "file" else f"{server}/{named.name}"
    target = tmp_path / "copy.pth"
    hub.download_url_to_file(url, str(target), digest[:12], progress=False)
    assert target.read_bytes() == named.read_bytes()
    with pytest.raises(RuntimeError, match="invalid hash value"):
        hub.download_url_to_file(url, str(tmp_path / "other.pth"), "00000000", progress=False)
    assert not (tmp_path / "other.pth").exists() and not list(tmp_path.glob("*.partial"))
    state = hub.load_state_dict_from_url(url, progress=False, check_hash=True, weights_only=True)
    assert state["w"].tolist() == [0, 1, 2] and (home / "checkpoints" / named.name).exists()
    named.unlink()
    assert hub.load_state_dict_from_url(url, map_location="cpu")["w"].tolist() == [0, 1, 2]  # from the folder
    from torch.utils import model_zoo

    assert model_zoo.load_url(url, progress=False)["w"].tolist() == [0, 1, 2]


def test_a_checkpoint_in_an_archive(tmp_path) -> None:
    inner, packed = tmp_path / "inner.pth", tmp_path / "packed.zip"
    torch.save([1, 2], inner)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(inner, "inner.pth")
    found = hub.load_state_dict_from_url(packed.as_uri(), model_dir=str(tmp_path / "out"), progress=False)
    assert found == [1, 2]


def test_folders(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(hub, "_hub_dir", None)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert hub.get_dir() == str(tmp_path / "hub") and hub._get_torch_home() == str(tmp_path)
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert hub._get_torch_home() == str(tmp_path / "cache" / "torch")
    assert hub.HASH_REGEX.search("resnet18-bfd8deac.pth").group(1) == "bfd8deac"
