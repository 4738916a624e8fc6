"""Models from repositories that have a ``hubconf.py``, and files with their weights.

A repository is a folder here (``source="local"``) or one on GitHub, ``owner/name[:branch]``, which is fetched once into
the folder of :func:`get_dir`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
import urllib.error
import uuid
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional, Union
from urllib.parse import urlparse
from urllib.request import Request, urlopen

import torch

__all__ = [
    "download_url_to_file",
    "get_dir",
    "help",
    "list",
    "load",
    "load_state_dict_from_url",
    "set_dir",
]

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")  # resnet18-bfd8deac.pth: the first digits of the file's SHA-256
ENV_GITHUB_TOKEN = "GITHUB_TOKEN"
ENV_TORCH_HOME = "TORCH_HOME"
ENV_XDG_CACHE_HOME = "XDG_CACHE_HOME"
DEFAULT_CACHE_DIR = "~/.cache"
VAR_DEPENDENCY = "dependencies"
MODULE_HUBCONF = "hubconf.py"
READ_DATA_CHUNK = 128 * 1024
_TRUSTED_REPO_OWNERS = ("facebookresearch", "facebookincubator", "pytorch", "fairinternal")
_hub_dir: Optional[str] = None

try:
    from tqdm import tqdm  # a bar while files are fetched, where the package is there
except ImportError:

    class tqdm:  # type: ignore[no-redef]
        """Shows on one line how much there is of a whole."""

        def __init__(
            self, total: Optional[float] = None, disable: bool = False, unit: Any = None, *args: Any, **kwargs: Any
        ) -> None:
            self.total, self.disable, self.n = total, disable, 0

        def update(self, n: int) -> None:
            """So much more is done."""
            self.n += n
            if not self.disable:
                done = f"{100 * self.n / self.total:.1f}%" if self.total else f"{self.n} bytes"
                sys.stderr.write(f"\r{done}")
                sys.stderr.flush()

        def set_description(self, *args: Any, **kwargs: Any) -> None:
            """A title: not shown."""

        def close(self) -> None:
            """Ends the line."""
            if not self.disable:
                sys.stderr.write("\n")

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *exception: Any) -> None:
            self.close()


_Faketqdm = tqdm


# ---- folders ---------------------------------------------------------------------------------------------------------


def _get_torch_home() -> str:
    cache = os.getenv(ENV_XDG_CACHE_HOME, DEFAULT_CACHE_DIR)
    return os.path.expanduser(os.getenv(ENV_TORCH_HOME, os.path.join(cache, "torch")))


def get_dir() -> str:
    """The folder of repositories and weights: that of :func:`set_dir`, else ``$TORCH_HOME/hub``."""
    return os.path.join(_get_torch_home(), "hub") if _hub_dir is None else _hub_dir


def set_dir(d: Union[str, os.PathLike]) -> None:
    """Sets the folder of repositories and weights."""
    global _hub_dir
    _hub_dir = os.path.expanduser(d)


def _remove_if_exists(path: str) -> None:
    if os.path.isfile(path):
        os.remove(path)
    elif os.path.exists(path):
        shutil.rmtree(path)


# ---- repositories ----------------------------------------------------------------------------------------------------


def _read_url(url: Any) -> str:
    with urlopen(url) as answer:
        return answer.read().decode(answer.headers.get_content_charset("utf-8"))


def _parse_repo_info(github: str) -> tuple[str, str, str]:
    """Owner, name and branch of "owner/name[:branch]"."""
    repository, _, ref = github.partition(":")
    owner, slash, name = repository.partition("/")
    if not slash or not owner or not name:
        raise ValueError(f"a repository is named owner/name[:branch], not {github!r}")
    if not ref:
        # The branch that GitHub shows first is main, or master in older repositories.
        try:
            with urlopen(f"https://github.com/{owner}/{name}/tree/main/"):
                ref = "main"
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            ref = "master"
        except urllib.error.URLError:
            for branch in ("main", "master"):
                if os.path.exists(f"{get_dir()}/{owner}_{name}_{branch}"):
                    return owner, name, branch
            raise
    return owner, name, ref


def _git_archive_link(repo_owner: str, repo_name: str, ref: str) -> str:
    return f"https://github.com/{repo_owner}/{repo_name}/zipball/{ref}"


def _safe_extract_zip(archive: zipfile.ZipFile, folder: str) -> None:
    """Unpacks an archive none of whose files lies outside of the folder."""
    root = os.path.realpath(folder)
    for name in archive.namelist():
        target = os.path.realpath(os.path.join(folder, name))
        if os.path.isabs(name) or os.path.commonpath([root, target]) != root:
            raise ValueError(f"{name!r} in the archive leads out of its folder")
    archive.extractall(folder)


def _check_repo_is_trusted(
    repo_owner: str, repo_name: str, owner_name_branch: str, trust_repo: Union[bool, str, None]
) -> None:
    """Asks, where ``trust_repo`` says so, whether the code of a repository may run, and remembers a yes."""
    path = os.path.join(get_dir(), "trusted_list")
    os.makedirs(get_dir(), exist_ok=True)
    if not os.path.exists(path):
        Path(path).touch()
    with open(path) as file:
        trusted = {line.strip() for line in file}
    name = f"{repo_owner}_{repo_name}"
    known = name in trusted or repo_owner in _TRUSTED_REPO_OWNERS
    if known or trust_repo is True:
        pass
    elif trust_repo is None:
        warnings.warn(
            f"You are about to download and run code from an untrusted repository ({repo_owner}/{repo_name}); pass "
            "trust_repo=True to say that it is to be trusted.",
            stacklevel=3,
        )
        return
    elif trust_repo in (False, "check"):
        print(f"The repository {repo_owner}_{repo_name} does not belong to the list of trusted repositories.")
        answer = input("Do you trust this repository and wish to add it to the trusted list of repositories (y/N)? ")
        if answer.lower() not in ("y", "yes"):
            raise Exception("Untrusted repository.")  # noqa: TRY002  as in PyTorch
    else:
        raise ValueError(f"trust_repo is True, False, 'check' or None, not {trust_repo!r}")
    if name not in trusted and not known:
        with open(path, "a") as file:
            file.write(name + "\n")


def _get_cache_or_reload(
    github: str, force_reload: bool, trust_repo: Any, verbose: bool = True, skip_validation: bool = False
) -> str:
    """The folder of a repository, fetched if it is not there."""
    os.makedirs(get_dir(), exist_ok=True)
    owner, name, ref = _parse_repo_info(github)
    label = "_".join([owner, name, ref.replace("/", "_")])
    folder = os.path.join(get_dir(), label)
    _check_repo_is_trusted(owner, name, label, trust_repo)
    if not force_reload and os.path.exists(folder):
        if verbose:
            sys.stderr.write(f"Using cache found in {folder}\n")
        return folder
    packed = os.path.join(get_dir(), label + ".zip")
    _remove_if_exists(packed)
    download_url_to_file(_git_archive_link(owner, name, ref), packed, progress=False)
    with zipfile.ZipFile(packed) as archive:
        inner = os.path.join(get_dir(), archive.infolist()[0].filename)
        _remove_if_exists(inner)
        _safe_extract_zip(archive, get_dir())
    _remove_if_exists(packed)
    _remove_if_exists(folder)
    shutil.move(inner, folder)
    return folder


# ---- hubconf.py ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _add_to_sys_path(path: str) -> Iterator[None]:
    sys.path.insert(0, path)
    try:
        yield
    finally:
        sys.path.remove(path)


def _import_module(name: str, path: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _check_module_exists(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _load_attr_from_module(module: Any, func_name: str) -> Any:
    return getattr(module, func_name, None)


def _load_entry_from_hubconf(m: Any, model: str) -> Any:
    """The function of a ``hubconf.py`` that makes a model."""
    if not isinstance(model, str):
        raise ValueError("Invalid input: model should be a string of function name")
    missing = [name for name in getattr(m, VAR_DEPENDENCY, None) or () if not _check_module_exists(name)]
    if missing:
        raise RuntimeError(f"Missing dependencies: {', '.join(missing)}")
    function = _load_attr_from_module(m, model)
    if function is None or not callable(function):
        raise RuntimeError(f"Cannot find callable {model} in hubconf")
    return function


def _folder_of(repository: Any, source: str, force_reload: bool, trust_repo: Any, verbose: bool) -> str:
    source = source.lower()
    if source not in ("github", "local"):
        raise ValueError(f'Unknown source: "{source}". Allowed values: "github" | "local".')
    if source == "local":
        return os.path.expanduser(repository)
    return _get_cache_or_reload(repository, force_reload, trust_repo, verbose)


@contextlib.contextmanager
def _hubconf(folder: str) -> Iterator[Any]:
    with _add_to_sys_path(folder):
        yield _import_module(MODULE_HUBCONF, os.path.join(folder, MODULE_HUBCONF))


def _load_local(hubconf_dir: str, model: str, *args: Any, **kwargs: Any) -> Any:
    with _hubconf(hubconf_dir) as module:
        return _load_entry_from_hubconf(module, model)(*args, **kwargs)


def list(  # noqa: A001
    github: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: Union[bool, str, None] = "check",
    verbose: bool = True,
) -> Any:
    """Names of the models of a repository on GitHub.

    Args:
        github: "owner/name[:branch]".
        force_reload: fetch it again.
        skip_validation: without effect; nothing is asked of GitHub's interface.
        trust_repo: ``True``: its code may run; "check": ask, unless it is known; ``None``: warn.
        verbose: say where it is.
    """
    folder = _get_cache_or_reload(github, force_reload, trust_repo, verbose, skip_validation)
    with _hubconf(folder) as module:
        return [f for f in dir(module) if callable(getattr(module, f)) and not f.startswith("_")]


def help(  # noqa: A001
    github: str,
    model: str,
    force_reload: bool = False,
    skip_validation: bool = False,
    trust_repo: Union[bool, str, None] = "check",
) -> Any:
    """The docstring of a model of a repository on GitHub; arguments as in :func:`list`."""
    folder = _get_cache_or_reload(github, force_reload, trust_repo, True, skip_validation)
    with _hubconf(folder) as module:
        return _load_entry_from_hubconf(module, model).__doc__


def load(
    repo_or_dir: Union[str, os.PathLike],
    model: str,
    *args: Any,
    source: str = "github",
    trust_repo: Union[bool, str, None] = "check",
    force_reload: bool = False,
    verbose: bool = True,
    skip_validation: bool = False,
    **kwargs: Any,
) -> Any:
    """Calls the function ``model`` of a repository's ``hubconf.py``; other arguments are its own.

    Args:
        repo_or_dir: "owner/name[:branch]" on GitHub, or a folder.
        model: the name of the function.
        source: "github" or "local".
        trust_repo, force_reload, verbose, skip_validation: see :func:`list`; for GitHub only.
    """
    folder = _folder_of(repo_or_dir, source, force_reload, trust_repo, verbose)
    return _load_local(folder, model, *args, **kwargs)


# ---- files -----------------------------------------------------------------------------------------------------------


def download_url_to_file(url: str, dst: str, hash_prefix: Optional[str] = None, progress: bool = True) -> None:
    """Fetches a file. It takes its name only when it is whole and its hash fits.

    Args:
        url: http, https, ftp or file.
        dst: the file's path.
        hash_prefix: the first digits of its SHA-256.
        progress: show a bar.

    Raises:
        RuntimeError: if the hash differs.
    """
    dst = os.path.expanduser(dst)
    partial = ""
    for _ in range(tempfile.TMP_MAX):
        partial = f"{dst}.{uuid.uuid4().hex}.partial"
        try:
            file = open(partial, "w+b")  # noqa: SIM115
        except FileExistsError:
            continue
        break
    else:
        raise FileExistsError(errno.EEXIST, "No usable temporary file name found")
    try:
        sha256 = hashlib.sha256() if hash_prefix is not None else None
        with file, urlopen(Request(url, headers={"User-Agent": "torch.hub"})) as answer:
            length = answer.headers.get("Content-Length")
            total = int(length) if length else None
            with tqdm(total=total, disable=not progress, unit="B", unit_scale=True, unit_divisor=1024) as bar:
                while chunk := answer.read(READ_DATA_CHUNK):
                    file.write(chunk)
                    if sha256 is not None:
                        sha256.update(chunk)
                    bar.update(len(chunk))
        if sha256 is not None and sha256.hexdigest()[: len(hash_prefix or "")] != hash_prefix:
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{sha256.hexdigest()}")')
        shutil.move(partial, dst)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def _is_legacy_zip_format(filename: str) -> bool:
    """Whether a file is an archive around a checkpoint, rather than a checkpoint."""
    if not zipfile.is_zipfile(filename):
        return False
    with zipfile.ZipFile(filename) as archive:
        return len(archive.infolist()) == 1 and not archive.infolist()[0].is_dir()


def _legacy_zip_load(filename: str, model_dir: str, map_location: Any, weights_only: bool) -> Any:
    with zipfile.ZipFile(filename) as archive:
        (member,) = archive.infolist()
        _safe_extract_zip(archive, model_dir)
    return torch.load(os.path.join(model_dir, member.filename), map_location=map_location, weights_only=weights_only)


def load_state_dict_from_url(
    url: str,
    model_dir: Optional[str] = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: Optional[str] = None,
    weights_only: bool = False,
) -> Any:
    """Loads a checkpoint from a URL, fetched once into ``model_dir``.

    Args:
        url: where it is.
        model_dir: the folder. Default: ``checkpoints`` in that of :func:`get_dir`.
        map_location: see :func:`torch.load`.
        progress: show a bar.
        check_hash: the name ends in "-" and the first digits of the file's SHA-256, which are checked.
        file_name: its name. Default: that in the URL.
        weights_only: see :func:`torch.load`.
    """
    if os.getenv("TORCH_MODEL_ZOO"):
        warnings.warn("TORCH_MODEL_ZOO is deprecated, please use env TORCH_HOME instead", stacklevel=2)
    folder = os.path.join(get_dir(), "checkpoints") if model_dir is None else model_dir
    os.makedirs(folder, exist_ok=True)
    name = os.path.basename(urlparse(url).path) if file_name is None else file_name
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        sys.stderr.write(f'Downloading: "{url}" to {path}\n')
        found = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, path, found.group(1) if found else None, progress=progress)
    if _is_legacy_zip_format(path):
        return _legacy_zip_load(path, folder, map_location, weights_only)
    return torch.load(path, map_location=map_location, weights_only=weights_only)
