"""The life of the embedded model's server process, with a llama.cpp of our own making in place of the real one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from service.adapters.local_server import LocalModel, LocalServer
from service.errors import ModelFileMissing, ModelTimedOut, ModelUnreachable
from service.extraction.answer import Choices
from service.ports import Message

ROOT = Path(__file__).resolve().parents[4]
QUESTION = (Message("user", "1. Is it A or B?"),)

# As much of xllamacpp as the child uses: it loads by reading a plan from the "model file", and answers what the plan says.
FAKE_LLAMA = """
import http.server, json, os, sys, threading, time

class CommonParams:
    class _Part: pass
    def __init__(self):
        self.model, self.cpuparams, self.cpuparams_batch = self._Part(), self._Part(), self._Part()

class Server:
    def __init__(self, params):
        plan = json.load(open(params.model.path))
        print("a word that llama.cpp prints")
        time.sleep(plan.get("load_s", 0))
        if plan.get("broken"):
            raise RuntimeError("Failed to init server")
        asked, running = [], []
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self): self.reply(200, {"data": []})
            def do_POST(self):
                if self.headers["Authorization"] != "Bearer " + params.api_keys[0]:
                    return self.reply(401, {})
                self.rfile.read(int(self.headers["Content-Length"]))
                asked.append(1); running.append(1)
                together = len(running)
                time.sleep(plan.get("answer_s", 0))
                running.pop()
                content = json.dumps({"answers": [{"question": len(asked), "option": "ABCDEFGH"[together - 1]}]})
                self.reply(200, {"choices": [{"finish_reason": "stop", "message": {"content": content}}],
                    "usage": {"prompt_tokens": 7, "completion_tokens": params.cpuparams.n_threads},
                    "omp": os.environ["OMP_WAIT_POLICY"] + os.environ["GOMP_SPINCOUNT"], "argv": sys.argv})
            def reply(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status); self.send_header("Content-Length", str(len(data)))
                self.end_headers(); self.wfile.write(data)
            def log_message(self, *args): pass
        server = http.server.ThreadingHTTPServer((params.hostnames[0], params.port), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.listening_address = f"http://127.0.0.1:{server.server_address[1]}"
"""

# A service in small: starts the server, says its pid, and then does what the test wants.
PARENT = """
import asyncio, sys
from pathlib import Path
from service.adapters.local_server import LocalServer
async def main():
    server = LocalServer(Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    if sys.argv[2] == "stay":
        await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a "model file" that tells the fake what to do; the fake is what both processes import."""
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "xllamacpp.py").write_text(FAKE_LLAMA)
    monkeypatch.syspath_prepend(str(tmp_path / "fake"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "fake"), str(ROOT)]))

    def write(**orders: object) -> Path:
        path = tmp_path / "model.gguf"
        path.write_text(json.dumps(orders))
        return path

    return write


def is_alive(pid: int) -> bool:
    """Whether a process runs (one that nobody has reaped yet does not)."""
    try:
        os.kill(pid, 0)
        return sys.platform != "linux" or Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def ends_soon(pid: int, *, within_s: float = 10.0) -> bool:
    until = time.monotonic() + within_s
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not is_alive(pid)


def post(url: str, *, key: str) -> dict[str, object]:
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{url}/chat/completions", data=b"{}", headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - loopback
        return dict(json.load(response))


async def test_a_server_answers_at_the_address_that_start_gives_and_is_gone_after_stop(plan: Callable[..., Path]) -> None:
    server = LocalServer(plan(), threads=3)

    url = await server.start()
    pid = server.pid
    reply = await asyncio.to_thread(post, url, key=server.key)
    await server.stop()

    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/v1")
    assert reply["usage"] == {"prompt_tokens": 7, "completion_tokens": 3}
    assert server.started_in_s is not None
    assert server.started_in_s > 0
    assert pid is not None
    assert not is_alive(pid)
    assert not server.is_running


async def test_the_key_is_random_asked_for_and_not_to_be_seen_in_the_process_list(plan: Callable[..., Path]) -> None:
    server = LocalServer(plan())
    other = LocalServer(plan())

    url = await server.start()
    reply = await asyncio.to_thread(post, url, key=server.key)
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        await asyncio.to_thread(post, url, key=other.key)
    refused.value.close()
    await server.stop()

    assert server.key not in str(reply["argv"])
    assert server.key != other.key


async def test_waiting_threads_are_told_to_sleep_before_the_library_is_loaded(plan: Callable[..., Path]) -> None:
    server = LocalServer(plan())

    reply = await asyncio.to_thread(post, await server.start(), key=server.key)
    await server.stop()

    assert reply["omp"] == "PASSIVE0"


async def test_a_file_that_cannot_be_loaded_is_an_unreachable_model_and_leaves_no_process(plan: Callable[..., Path]) -> None:
    server = LocalServer(plan(broken=True))

    with pytest.raises(ModelUnreachable, match="could not be started"):
        await server.start()

    assert server.pid is None


async def test_a_server_that_loads_too_long_is_ended(plan: Callable[..., Path]) -> None:
    server = LocalServer(plan(load_s=30))

    began = time.monotonic()
    with pytest.raises(ModelTimedOut, match="not loaded in time"):
        await server.start(timeout_s=0.5)

    assert time.monotonic() - began < 10
    assert not server.is_running


async def test_a_cancelled_start_leaves_no_process(plan: Callable[..., Path]) -> None:
    server = LocalServer(plan(load_s=30))

    starting = asyncio.create_task(server.start())
    await asyncio.sleep(0)
    pid = server.pid
    assert pid is not None
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    assert ends_soon(pid)


@pytest.mark.parametrize(
    ("then", "end"),
    [("stay", signal.SIGKILL), ("stay", signal.SIGTERM), ("leave", None)],
    ids=["killed", "terminated", "ended normally"],
)
def test_the_server_goes_when_its_parent_goes(plan: Callable[..., Path], then: str, end: signal.Signals | None) -> None:
    command = [sys.executable, "-c", PARENT, str(plan()), then]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if end is not None:
            assert is_alive(child)
            parent.send_signal(end)
        parent.wait(timeout=20)

    assert ends_soon(child)


async def test_an_interrupt_from_the_terminal_leaves_it_to_the_parent_to_stop_the_server(plan: Callable[..., Path]) -> None:
    server = LocalServer(plan())
    url = await server.start()
    assert server.pid is not None

    os.kill(server.pid, signal.SIGINT)
    reply = await asyncio.to_thread(post, url, key=server.key)
    await server.stop()

    assert reply["choices"]


async def test_the_model_starts_its_server_at_the_first_question_only(plan: Callable[..., Path]) -> None:
    model = LocalModel(plan(), threads=2)

    ready_before = await model.is_reachable(1)
    running_before = model.server.is_running
    reply = await model.ask(QUESTION, response_model=Choices, max_tokens=20, timeout_s=30)
    ready_after = await model.is_reachable(5)
    await model.aclose()

    assert (ready_before, running_before, ready_after) == (True, False, True)
    assert reply.answer.answers[0].option == "A"
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.calls) == (7, 2, 1)
    assert model.name == "local"
    assert not model.server.is_running


async def test_questions_are_put_one_at_a_time(plan: Callable[..., Path]) -> None:
    model = LocalModel(plan(answer_s=0.2))

    ask = [model.ask(QUESTION, response_model=Choices, max_tokens=20, timeout_s=30) for _ in range(4)]
    replies = await asyncio.gather(*ask)
    await model.aclose()

    assert [reply.answer.answers[0].option for reply in replies] == ["A"] * 4  # "B" would mean that two ran together
    assert sorted(reply.answer.answers[0].question for reply in replies) == [1, 2, 3, 4]


async def test_a_question_that_waits_for_its_turn_beyond_its_deadline_times_out(plan: Callable[..., Path]) -> None:
    model = LocalModel(plan(answer_s=1.5))

    first = asyncio.create_task(model.ask(QUESTION, response_model=Choices, max_tokens=20, timeout_s=30))
    await asyncio.sleep(0)
    with pytest.raises(ModelTimedOut, match="busy"):
        await model.ask(QUESTION, response_model=Choices, max_tokens=20, timeout_s=0.2)
    reply = await first
    await model.aclose()

    assert reply.answer.answers


async def test_a_server_that_died_is_started_again(plan: Callable[..., Path]) -> None:
    model = LocalModel(plan())
    await model.ask(QUESTION, response_model=Choices, max_tokens=20, timeout_s=30)
    first = model.server.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)
    await asyncio.to_thread(ends_soon, first)
    reply = await model.ask(QUESTION, response_model=Choices, max_tokens=20, timeout_s=30)
    second = model.server.pid
    await model.aclose()

    assert reply.answer.answers
    assert second != first


def test_a_model_without_its_file_says_how_to_get_it(tmp_path: Path, plan: Callable[..., Path]) -> None:
    plan()

    with pytest.raises(ModelFileMissing, match="parley models pull"):
        LocalModel(tmp_path / "absent.gguf")
