"""`parley eval`: run, score, report, compare, gate, calibrate. A plug-in of the `parley` command: service never imports evals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from evals.answerer import Answerer, InProcess, OverHTTP
from evals.calibrate import calibration_error, isotonic
from evals.case import Case
from evals.compare import compare, pooled
from evals.corpora.load import load
from evals.figures import summarise
from evals.gate import gate, read_floors
from evals.recording import Recorder, Replayer, Upstream, read_recording
from evals.report import markdown, number, page
from evals.runfile import CaseRecord, Run, RunInvalid, ratios, read_run, write_run
from evals.runner import head_of, rescore
from evals.runner import run as run_cases
from service.errors import ParleyError
from service.settings import load_settings

PASSED, FAILED, UNUSABLE = 0, 1, 2
RUNS = Path("runs")
OWN_GOLD = Path(__file__).resolve().parent / "gold"

app = typer.Typer(name="eval", help="Check results against a gold set.", no_args_is_help=True)
_out, _err = Console(), Console(stderr=True)

CorpusOption = Annotated[
    Path, typer.Option("--corpus", help="Gold folder or file, .jsonl(.gz), brat folder, Label Studio export.")
]
SplitOption = Annotated[str | None, typer.Option(help="Only this split (dev or test).")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run file.")]
Result = TypeVar("Result")


def _guarded(work: Callable[[], Result]) -> Result:
    """What cannot be evaluated is one clear line and exit code 2."""
    try:
        return work()
    except ParleyError as error:
        _err.print(f"parley eval: {error.message}", style="red", highlight=False, markup=False)
        raise typer.Exit(UNUSABLE) from None


def _cases(corpus: Path, split: str | None, limit: int | None = None) -> list[Case]:
    cases = [case for case in load(corpus) if split is None or case.split == split][:limit]
    if not cases:
        raise RunInvalid(f"Corpus {corpus.name!r} holds no cases" + (f" of split {split!r}." if split else "."))
    return cases


@app.command("run")
def run_command(  # noqa: PLR0913 - one parameter an option
    corpus: CorpusOption = OWN_GOLD,
    split: SplitOption = None,
    model: Annotated[str | None, typer.Option(help="rules, local or provider/model; else as configured.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Prompt, such as extract@2.")] = None,
    run: Annotated[Path | None, typer.Option(help="Run file; an unfinished one is resumed.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first cases.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Cases at the same time.")] = 1,
    repeat: Annotated[int, typer.Option(min=1, max=20, help="Answer every case so many times.")] = 1,
    url: Annotated[str | None, typer.Option(help="A running service instead of this process.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write every reply of the model to this file.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Answer from this recording instead of a model.")] = None,
    played: Annotated[bool, typer.Option("--played", help="The replies are played by a stand-in.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write the report page here.")] = None,
) -> None:
    """Answer a corpus and print the figures."""

    async def work() -> Run:
        cases = _cases(corpus, split, limit)
        async with _Transport(model, record=record, replay=replay, played=played) as transport:
            answerer: Answerer
            if url is not None:
                answerer = OverHTTP(url, model=model)
            else:
                answerer = await InProcess.start(model=model, prompt=prompt, **transport.overrides)
            name = run.stem if run else f"{corpus.resolve().name}-{answerer.engine.replace('/', '-')}"
            path = run or RUNS / f"{name}.jsonl"
            head = head_of(
                answerer, cases, name=name, corpus=corpus.name, split=split, repeat=repeat, played=transport.is_played
            )
            try:
                finished = await _with_progress(cases, answerer, path, head, concurrency)
            finally:
                await answerer.aclose()
            transport.check()
        _err.print(f"run file: {path}", highlight=False)
        return finished

    finished = _guarded(lambda: asyncio.run(work()))
    cases = _cases(corpus, split, limit)
    print_figures(finished, cases)
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(page(summarise(finished, cases), cases), encoding="utf-8")
        _err.print(f"report: {html}", highlight=False)


class _Transport:
    """The recorder or replayer between service and model, where one is asked for (an async context manager)."""

    def __init__(self, model: str | None, *, record: Path | None, replay: Path | None, played: bool) -> None:
        self._model, self._record, self._replay, self._played = model, record, replay, played
        self._server: Recorder | Replayer | None = None
        self.overrides: dict[str, Any] = {}

    @property
    def is_played(self) -> bool:
        """Whether the replies come from a stand-in."""
        return self._played

    async def __aenter__(self) -> _Transport:
        if self._replay is not None:
            recording = read_recording(self._replay)
            self._played = recording.how == "played"
            self._server = Replayer(recording)
        elif self._record is not None:
            settings = load_settings()
            if settings.base_url is None or self._model is None:
                raise RunInvalid("--record needs --model provider/model and PARLEY_BASE_URL, the server to record.")
            how = "played" if self._played else "vendor"
            self._server = Recorder(self._record, Upstream(base_url=settings.base_url, model=self._model, how=how))
        if self._server is not None:
            await self._server.__aenter__()
            self.overrides = {"base_url": self._server.base_url}
            if self._replay is not None:
                self.overrides["api_key"] = "replay"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            await self._server.__aexit__(None, None, None)

    def check(self) -> None:
        """A stale recording is an error, not a bad figure."""
        if isinstance(self._server, Replayer):
            self._server.check()


async def _with_progress(cases: list[Case], answerer: Answerer, path: Path, head: Any, concurrency: int) -> Run:
    figures = TextColumn("{task.fields[figures]}")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), figures)
    done: list[CaseRecord] = []
    with Progress(*columns, console=_err, transient=True) as progress:
        task = progress.add_task(head.engine, total=len(cases) * head.repeat, figures="")

        def on_done(record: CaseRecord, left: int) -> None:
            done.append(record)
            running = (("quotes", "quotes.end_to_end_f1"), ("slots", "slots.f1"))
            shown = "  ".join(f"{label} {number(pooled(ratios(done, name)))}" for label, name in running)
            progress.update(task, completed=len(cases) * head.repeat - left, figures=shown)

        return await run_cases(cases, answerer, path, head, concurrency=concurrency, on_done=on_done)


def print_figures(run: Run, cases: list[Case]) -> None:
    """The table of a run."""
    summary = summarise(run, cases)
    table = Table(title=f"{run.head.engine} on {run.head.corpus}" + (f" ({run.head.split})" if run.head.split else ""))
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for figure in summary.figures:
        e = figure.estimate
        table.add_row(figure.name, number(e.point), f"{number(e.low)} – {number(e.high)}")
    _out.print(table)
    cost = summary.cost
    speed = f", {cost.per_cpu_second:.1f} articles per CPU-second" if cost.per_cpu_second else ""
    _out.print(f"{cost.articles} articles, {cost.errors} errors, {cost.degraded} degraded{speed}", highlight=False)


@app.command("score")
def score_command(run: RunArgument, corpus: CorpusOption = OWN_GOLD) -> None:
    """Score a run again with today's scorer and gold; no model is asked."""
    scored = _guarded(lambda: rescore(read_run(run), list(load(corpus))))
    write_run(run, scored)
    print_figures(scored, list(load(corpus)))


@app.command("report")
def report_command(
    run: RunArgument,
    corpus: CorpusOption = OWN_GOLD,
    html: Annotated[Path | None, typer.Option(help="Page to write; else beside the run.")] = None,
) -> None:
    """Write a run's self-contained page and its Markdown."""
    target = html or run.with_suffix(".html")
    cases = _guarded(lambda: list(load(corpus)))
    summary = _guarded(lambda: summarise(read_run(run), cases))
    target.write_text(page(summary, cases), encoding="utf-8")
    target.with_suffix(".md").write_text(markdown(summary), encoding="utf-8")
    _out.print(str(target), highlight=False)


@app.command("compare")
def compare_command(baseline: RunArgument, candidate: RunArgument) -> None:
    """Paired differences of two runs (candidate minus baseline), and every case that flipped."""
    found = _guarded(lambda: compare(read_run(baseline), read_run(candidate)))
    table = Table(title=f"{candidate.stem} against {baseline.stem}")
    for column in ("figure", "baseline", "candidate", "difference", "95 % interval", "p", "p (Holm)"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for d in found.differences:
        point = f"{d.delta.point:+.3f}" if d.delta.point is not None else "–"
        table.add_row(
            d.figure, number(d.baseline), number(d.candidate), point, f"{number(d.delta.low)} – {number(d.delta.high)}",
            number(d.p), number(d.p_holm),
        )  # fmt: skip
    _out.print(table)
    for flip in found.flips:
        style = "green" if flip.candidate > flip.baseline else "red"
        _out.print(f"{flip.baseline:.2f} → {flip.candidate:.2f}  {flip.figure}  {flip.case}", style=style, highlight=False)
    if found.is_equal:
        _out.print("The runs are equal.")


@app.command("gate")
def gate_command(
    run: RunArgument,
    floors: Annotated[Path, typer.Option(help="TOML file of floors.")] = OWN_GOLD.parent / "floors.toml",
    name: Annotated[str | None, typer.Option(help="Entry of the floors; else the run's name.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Run that this one must not be worse than.")] = None,
) -> None:
    """Exit 0 if the run holds its floors, 1 if not, 2 if that cannot be told."""

    def work() -> tuple[str, ...]:
        judged = read_run(run)
        before = read_run(baseline) if baseline is not None else None
        return gate(judged, read_floors(floors, name or judged.head.name), baseline=before)

    failures = _guarded(work)
    for failure in failures:
        _out.print(f"failed: {failure}", style="red", highlight=False, markup=False)
    if failures:
        raise typer.Exit(FAILED)
    _out.print("passed")


@app.command("calibrate")
def calibrate_command(
    run: RunArgument,
    corpus: CorpusOption = OWN_GOLD,
    out: Annotated[Path | None, typer.Option(help="File to write the map to; else it is printed.")] = None,
) -> None:
    """Fit the map from confidences to the share that was right, on a run, and write it as data with its source."""
    cases = _guarded(lambda: list(load(corpus)))
    summary = _guarded(lambda: summarise(read_run(run), cases))
    steps = isotonic(summary.scored)
    fitted = {
        "source": {
            "corpus": summary.run.head.corpus, "engine": summary.run.head.engine, "items": len(summary.scored), **summary.run.head.hashes,
        },
        "method": "isotonic regression (pool adjacent violators)",
        "steps": steps,
    }  # fmt: skip
    text = json.dumps(fitted, indent=1, sort_keys=True) + "\n"
    if out is not None:
        out.write_text(text, encoding="utf-8")
    else:
        _out.print_json(text)
    _err.print(f"expected calibration error before: {number(calibration_error(summary.scored))}", highlight=False)
