"""`parley eval`: run, score, report, compare, gate, calibrate. A plug-in of the `parley` command: service never imports evals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from evals.answerer import Answerer, InProcess, OverHTTP
from evals.case import Case
from evals.compare import compare, pooled
from evals.corpora.load import load
from evals.curves import curves
from evals.figures import Summary, summarise
from evals.gate import gate, read_floors
from evals.report import cost_words, markdown, number, page
from evals.runfile import CaseRecord, Run, RunHead, RunInvalid, ratios, read_run, write_run
from evals.runner import check_scored, head_of, is_resumable, known_cases, rescore
from evals.runner import run as run_cases
from evals.transport import Transport
from service.errors import ParleyError

PASSED, FAILED, UNUSABLE = 0, 1, 2
RUNS = Path("runs")
OWN_GOLD = Path(__file__).resolve().parent / "gold"

app = typer.Typer(name="eval", help="Check results against a gold set.", no_args_is_help=True)
_out, _err = Console(), Console(stderr=True)

CorpusOption = Annotated[
    Path | None,
    typer.Option("--corpus", help="Gold folder or file, .jsonl(.gz), brat folder, Label Studio export; else our own gold."),
]
RunCorpusOption = Annotated[Path | None, typer.Option("--corpus", help="The run's corpus, if it has moved.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run file.")]
HtmlOption = Annotated[Path | None, typer.Option(help="Page to write; its figures go beside it as Markdown.")]
Result = TypeVar("Result")


def _guarded(work: Callable[[], Result]) -> Result:
    """What cannot be evaluated is one clear line and exit code 2."""
    try:
        return work()
    except ParleyError as error:
        _complain(error.message)
    except OSError as error:
        _complain(f"{error.filename or 'a file'}: {error.strerror or error}.")
    raise typer.Exit(UNUSABLE)


def _complain(message: str) -> None:
    _err.print(f"parley eval: {message}", style="red", highlight=False, markup=False, soft_wrap=True)


def _tell(message: str) -> None:
    _err.print(message, highlight=False, markup=False, soft_wrap=True)


def label_of(corpus: Path | None) -> str:
    """A corpus's short name: "own", "shared-gold", "polnear-dev"."""
    if corpus is None or corpus.resolve() == OWN_GOLD:
        return "own"
    path = corpus.resolve()
    name = path.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".json")
    return f"{path.parent.name}-{name}" if name in ("gold", "dev", "test", "train") else name


def _whole(run: Run, corpus: Path | None) -> list[Case]:
    """A run's cases, from where it says they are."""
    source = corpus or (Path(run.head.source) if run.head.source is not None else OWN_GOLD)
    return known_cases(run, load(source))


def _judged(path: Path, corpus: Path | None) -> tuple[Summary, list[Case]]:
    run = read_run(path)
    cases = _whole(run, corpus)
    check_scored(run, cases)
    return summarise(run, cases), cases


@app.command("run")
def run_command(  # noqa: PLR0913 - one parameter an option
    corpus: CorpusOption = None,
    split: Annotated[str | None, typer.Option(help="Only this split (dev or test).")] = None,
    model: Annotated[str | None, typer.Option(help="rules, local or provider/model; else as configured.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Prompt, such as extract@3.")] = None,
    run: Annotated[Path | None, typer.Option(help="Run file; an unfinished one is resumed.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first cases.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Cases at the same time.")] = 1,
    repeat: Annotated[int, typer.Option(min=1, max=20, help="Answer every case so many times.")] = 1,
    retry: Annotated[bool, typer.Option("--retry", help="Resuming, ask cases that ended in an error again.")] = False,
    url: Annotated[str | None, typer.Option(help="A running service instead of this process.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write every reply of the model to this file.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Answer from this recording instead of a model.")] = None,
    played: Annotated[bool, typer.Option("--played", help="The replies are played by a stand-in.")] = False,
    html: HtmlOption = None,
) -> None:
    """Answer a corpus and print the figures. A killed run goes on where it stopped when the same command is given again."""

    async def work() -> tuple[Run, list[Case]]:
        cases = _asked(corpus, split, limit)
        async with Transport(model, record=record, replay=replay, played=played) as transport:
            answerer: Answerer
            if url is not None:
                answerer = await OverHTTP.start(url, model=model)
            else:
                answerer = await InProcess.start(model=model, prompt=prompt, **transport.overrides)
            try:
                parts = (label_of(corpus), split, str(limit) if limit else None, answerer.engine, prompt)
                name = run.stem if run else "-".join(part for part in parts if part).replace("/", "-").replace(" ", "-")
                head = head_of(
                    answerer, cases, name=name, corpus=label_of(corpus), split=split, repeat=repeat, limit=limit,
                    source=str(corpus) if corpus is not None else None, played=transport.is_played,
                )  # fmt: skip
                path = run or _fresh(RUNS / f"{name}.jsonl", head, len(cases))
                _tell(f"run file: {path}")
                finished = await _with_progress(cases, answerer, path, head, concurrency=concurrency, retry=retry)
            finally:
                await answerer.aclose()
            transport.check()
        return finished, cases

    finished, cases = _guarded(lambda: asyncio.run(work()))
    summary = summarise(finished, cases)
    print_figures(summary)
    if html is not None:
        _guarded(lambda: write_report(summary, cases, html))


def _asked(corpus: Path | None, split: str | None, limit: int | None) -> list[Case]:
    every = list(load(corpus or OWN_GOLD))
    cases = [case for case in every if split is None or case.split == split][:limit]
    if not cases:
        splits = ", ".join(sorted({case.split for case in every if case.split})) or "none"
        raise RunInvalid(f"Corpus {label_of(corpus)!r} holds no cases of split {split!r}; its splits: {splits}.")
    return cases


def _fresh(path: Path, head: RunHead, size: int) -> Path:
    """Where a run goes that was given no file: a finished or another run that stands there is kept under another name."""
    if path.exists() and not is_resumable(path, head, size):
        earlier = path.with_suffix(".before.jsonl")
        path.replace(earlier)
        _tell(f"the run before: {earlier}")
    return path


async def _with_progress(
    cases: list[Case], answerer: Answerer, path: Path, head: RunHead, *, concurrency: int, retry: bool
) -> Run:
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

        finished = await run_cases(cases, answerer, path, head, concurrency=concurrency, retry=retry, on_done=on_done)
    if len(done) < len(finished.cases):
        _tell(f"{len(finished.cases) - len(done)} of {len(finished.cases)} answers were in the run file already")
    return finished


def print_figures(summary: Summary) -> None:
    """The table of a run."""
    head = summary.run.head
    table = Table(title=f"{head.engine} on {head.corpus}" + (f" ({head.split})" if head.split else ""))
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for figure in summary.figures:
        e = figure.estimate
        table.add_row(figure.name, number(e.point), f"{number(e.low)} – {number(e.high)}")
    _out.print(table)
    _out.print(cost_words(summary.cost), highlight=False, soft_wrap=True)
    errors = [record for record in summary.run.cases if record.error]
    for record in errors[:3]:
        _tell(f"error: {record.case}: {record.error}")


@app.command("score")
def score_command(run: RunArgument, corpus: RunCorpusOption = None) -> None:
    """Score a run again with today's scorer and gold, in its file; no model is asked."""

    def work() -> Summary:
        before = read_run(run)
        cases = _whole(before, corpus)
        scored = rescore(before, cases)
        write_run(run, scored)
        return summarise(scored, cases)

    print_figures(_guarded(work))


@app.command("report")
def report_command(run: RunArgument, corpus: RunCorpusOption = None, html: HtmlOption = None) -> None:
    """Write a run's self-contained page and its Markdown, beside the run unless told otherwise."""
    target = html or run.with_suffix(".html")

    def work() -> None:
        write_report(*_judged(run, corpus), target)

    _guarded(work)
    _out.print(str(target), highlight=False, soft_wrap=True)


def write_report(summary: Summary, cases: list[Case], target: Path) -> None:
    """Write the page and, beside it, the Markdown."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(summary, cases), encoding="utf-8")
    target.with_suffix(".md").write_text(markdown(summary), encoding="utf-8")
    _tell(f"report: {target}")


@app.command("compare")
def compare_command(baseline: RunArgument, candidate: RunArgument) -> None:
    """Paired differences of two runs (candidate minus baseline), and every case that flipped."""
    found = _guarded(lambda: compare(read_run(baseline), read_run(candidate)))
    # Narrow enough for 80 columns: a cut-off figure would be worse than no frame.
    table = Table(title=f"{candidate.stem} against {baseline.stem} (p after Holm)", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("figure", "before", "after", "diff.", "95 % interval", "p"):
        table.add_column(column, justify="left" if column == "figure" else "right", no_wrap=True)
    for d in found.differences:
        point = f"{d.delta.point:+.3f}" if d.delta.point is not None else "–"
        interval = f"{d.delta.low:+.3f} {d.delta.high:+.3f}" if d.delta.low is not None and d.delta.high is not None else "–"
        table.add_row(d.figure, number(d.baseline), number(d.candidate), point, interval, number(d.p_holm))
    _out.print(table)
    for flip in found.flips:
        style = "green" if flip.is_better else "red"
        line = f"{flip.baseline:.2f} → {flip.candidate:.2f}  {flip.figure}  {flip.case}"
        _out.print(line, style=style, highlight=False, markup=False, soft_wrap=True)
    if found.is_equal:
        _out.print("The runs are equal.")


@app.command("gate")
def gate_command(
    run: RunArgument,
    floors: Annotated[Path, typer.Option(help="TOML file of floors.")] = OWN_GOLD.parent / "floors.toml",
    name: Annotated[str | None, typer.Option(help="Entry of the floors; else the run's name.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Run that this one must not be worse than.")] = None,
    corpus: RunCorpusOption = None,
) -> None:
    """Exit 0 if the run holds its floors, 1 if not, 2 if that cannot be told."""

    def work() -> tuple[str, ...]:
        judged = read_run(run)
        check_scored(judged, _whole(judged, corpus))
        before = read_run(baseline) if baseline is not None else None
        return gate(judged, read_floors(floors, name or judged.head.name), baseline=before)

    failures = _guarded(work)
    for failure in failures:
        _out.print(f"failed: {failure}", style="red", highlight=False, markup=False, soft_wrap=True)
    if failures:
        raise typer.Exit(FAILED)
    _out.print("passed")


@app.command("calibrate")
def calibrate_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run files of one engine, each with its own corpus.")],
    out: Annotated[Path | None, typer.Option(help="File to write the curves to; else they are printed.")] = None,
) -> None:
    """Fit the curves from raw scores to the share that was right, by engine and kind, as data with their source.

    Cases of the split test are left out. Kinds with too few items get no curve.
    """

    def work() -> str:
        fitted = curves([_judged(path, None)[0] for path in runs])
        for name, curve in fitted.items():
            for kind, told in curve.items():
                _tell(f"{name}, {kind}: {told.words}")
        data = {name: {kind: told.data for kind, told in curve.items() if told.data} for name, curve in fitted.items()}
        text = json.dumps(data, indent=1, sort_keys=True) + "\n"
        if out is not None:
            out.write_text(text, encoding="utf-8")
        return text

    text = _guarded(work)
    if out is None:
        _out.print_json(text)
