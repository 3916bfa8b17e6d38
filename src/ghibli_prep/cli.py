"""The Typer app: arguments in, one call, an exit code out. The only reader of the environment.

Heavy things are imported inside the commands that use them, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ghibli_prep import __version__
from ghibli_prep.errors import GhibliPrepError, Stopped

if TYPE_CHECKING:
    from ghibli_prep.captioning import Key
    from ghibli_prep.session import Session

app = typer.Typer(
    name="ghibli-prep",
    help="Film frames in, a captioned LoRA dataset out: filter, resize, caption with Gemini, clean up.",
    epilog="Start with `ghibli-prep demo` to see it work, or `ghibli-prep init` to set it up in this folder.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Config = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="Settings file. Default: ghibli.toml in this folder, if any."),
]
WorkspaceDir = Annotated[
    Path, typer.Option("-w", "--workspace", metavar="DIR", help="The folder that holds everything about one dataset.")
]
InputDir = Annotated[
    Path | None, typer.Option("-i", "--input", metavar="DIR", help="Source frames. Default: raw/ in the workspace.")
]
Strategy = Annotated[
    Literal["sequential", "parallel-keys", "parallel-all"] | None,
    typer.Option(
        metavar="S",
        help="sequential: one request at a time, one key after the other. parallel-keys: every key at once, best "
        "model first. parallel-all: every model of every key at once.",
    ),
]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Caption at most N pictures this time.")]
WaitFor = Annotated[bool, typer.Option("--wait", help="Sleep until quota is back, and go on until all is done.")]
MaxRequests = Annotated[
    int | None, typer.Option("--max-requests", min=1, metavar="N", help="Pause before more than N requests are made.")
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", min=0.0, metavar="USD", help="Pause before more is spent, by the prices in the settings."
    ),
]
Retry = Annotated[bool, typer.Option("--retry-blocked", help="Ask again for blocked and failed pictures.")]
Batch = Annotated[
    bool,
    typer.Option(
        "--batch", help="By the Gemini Batch API: half the price, within a day. Run it again, or --wait, to collect."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Where the page is written. Default: in the workspace.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Such as model=gemini-2.5-flash, words<20, text~cat, film=Ponyo, rule=names, edited=no, "
        "time<2026-11-20. Given several times, all must hold.",
    ),
]
OrWhere = Annotated[
    list[str] | None, typer.Option("--or", metavar="CONDITION", help="Or this holds. May be given several times.")
]
DEFAULT_WORKSPACE = Path("data/ghibli")
_keys: list[Key] = []
"""Those of the command that runs: what its last words must not hold."""


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"ghibli-prep {__version__}")
        raise typer.Exit


def _session(
    config: Path | None,
    workspace: Path = DEFAULT_WORKSPACE,
    source: Path | None = None,
    strategy: str | None = None,
    extract: dict[str, Any] | None = None,
) -> Session:
    """Settings, keys and folders, checked: what every command starts from."""
    from ghibli_prep import environment, settings
    from ghibli_prep.captioning.backends import BACKENDS
    from ghibli_prep.session import Session

    variables = environment.with_env_file(os.environ, Path(".env"))
    file = config or (Path("ghibli.toml") if Path("ghibli.toml").is_file() else None)
    overrides: dict[str, dict[str, Any]] = {"caption": {"strategy": strategy}} if strategy else {}
    if extract:
        overrides["extract"] = extract
    chosen = settings.load(file, overrides, backends=(*BACKENDS, "sandbox"))
    projects = {key.env: key.project for key in chosen.keys}
    keys = environment.with_projects(environment.keys_of(chosen.caption, variables), projects)
    blocked: tuple[Key, ...] = ()
    if second := chosen.caption.for_blocked:
        own = bool(chosen.caption.blocked.backend)
        blocked = environment.with_projects(environment.keys_of(second, variables, keys, own), projects)
    _keys[:] = [*keys, *blocked]
    chosen = environment.with_addresses(chosen, variables)
    return Session(chosen, keys, workspace, source or workspace / "raw", _cache_folder(), blocked_keys=blocked)


def _cache_folder() -> Path:
    from ghibli_prep.detectors.model_files import default_cache_folder

    return default_cache_folder(os.environ, sys.platform)


@contextlib.contextmanager
def _ctrl_c(session: Session) -> Iterator[None]:
    """Once: finish what is under way. Twice: stop at once, when nothing that was paid for can be lost by it."""

    def stop(_number: int, _frame: object) -> None:
        session.stop.ask()
        if session.stop.times == 1:
            with contextlib.suppress(RuntimeError):  # it came while another word was being written
                session.console.tell("Stopping: what is under way is finished and saved. Ctrl-C again stops at once.")
        elif not session.stop.listening or session.stop.times > 2:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:  # said here: typer keeps it to itself
        raise Stopped("Stopped at once. Everything that was answered is saved.") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@app.command(epilog="Example: ghibli-prep run -i ~/frames --wait")
def run(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    skip_filter: Annotated[bool, typer.Option("--skip-filter", help="Take every picture found.")] = False,
    skip_resize: Annotated[bool, typer.Option("--skip-resize", help="Take train/ as it is.")] = False,
    strategy: Strategy = None,
    limit: Limit = None,
    wait: WaitFor = False,
    max_requests: MaxRequests = None,
    max_cost: MaxCost = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    retry_blocked: Retry = False,
    cleanup: Annotated[bool, typer.Option("--cleanup", help="Clean up once nothing is left to caption.")] = False,
    batch: Batch = False,
) -> None:
    """Filter, resize and caption, and say what is left. Stop it at will; the same command goes on."""
    session = _session(config, workspace, source, strategy)
    session.spend_at_most(max_requests, max_cost, batch)
    if dry_run:
        session.dry_run(skip_filter, skip_resize, limit, retry_blocked)
        return
    with _ctrl_c(session):
        session.run(skip_filter, skip_resize, limit, wait, retry_blocked, cleanup, batch)


@app.command(epilog="Example: mkdir my-style && cd my-style && ghibli-prep init")
def init() -> None:
    """Write .env (for your keys) and ghibli.toml (every setting) into this folder, never over existing ones."""
    from ghibli_prep import resources

    for target, origin in (
        (Path(".env"), resources.env_example()),
        (Path("ghibli.toml"), resources.config("ghibli.toml")),
    ):
        if target.exists() or target.is_symlink():
            typer.echo(f"{target} is there already and stays as it is.")
            continue
        try:
            with target.open("xb") as file:
                if target.name == ".env" and os.name != "nt":
                    os.fchmod(file.fileno(), 0o600)  # keys are for their owner's eyes only
                file.write(origin.read_bytes())
        except OSError as error:
            raise _cannot_write(target, error) from error
        typer.echo(f"{target} is written.")
    typer.echo("Next: put your keys into .env, your frames into data/ghibli/raw/, and run `ghibli-prep run`.")


def _cannot_write(path: Path, error: OSError) -> GhibliPrepError:
    from ghibli_prep.workspace.atomic import disk_error

    return disk_error(path, error)


@app.command(epilog="Example: ghibli-prep extract films/totoro.mkv --every 5s --skip-start 1m30s")
def extract(
    films: Annotated[list[Path], typer.Argument(metavar="FILM...", help="Films, or folders of films.")],
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="A frame each TIME of film: 5s (the default), 500ms, 1m, 2.5.")
    ] = None,
    scenes: Annotated[bool, typer.Option("--scenes", help="A frame of each scene instead.")] = False,
    per_scene: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="N frames of each scene; with --scenes.")
    ] = None,
    exact: Annotated[
        bool,
        typer.Option("--exact", help="The very frame at each mark, not the sharpest within half a second of it."),
    ] = False,
    skip_start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Take nothing from the first TIME of each film.")
    ] = None,
    skip_end: Annotated[
        str | None, typer.Option(metavar="TIME", help="Take nothing from its last TIME, such as credits.")
    ] = None,
    max_frames: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="N frames of each film at the most, spread over it.")
    ] = None,
    square: Annotated[bool, typer.Option("--square", help="Cut out the largest centred square.")] = False,
    keep_bars: Annotated[bool, typer.Option("--keep-bars", help="Leave black bars where they are.")] = False,
    form: Annotated[
        Literal["png", "jpg"] | None, typer.Option("--format", metavar="F", help="png (the default) or jpg.")
    ] = None,
    redo: Annotated[
        bool, typer.Option("--redo", help="Take the frames anew, in the place of those taken before.")
    ] = False,
) -> None:
    """Take frames from films, into raw/<film>/ of the workspace. Stop it at will; the same command goes on."""
    if every is not None and (scenes or per_scene):
        raise typer.BadParameter("--every and --scenes exclude each other: take one of them")
    chosen: dict[str, Any] = {
        "every": every, "per_scene": per_scene, "skip_start": skip_start, "skip_end": skip_end,
        "max_frames": max_frames, "format": form, "square": square or None, "bars": False if keep_bars else None,
        "window": 0 if exact else None, "scenes": True if scenes or per_scene else False if every is not None else None,
    }  # fmt: skip
    session = _session(config, workspace, extract={name: value for name, value in chosen.items() if value is not None})
    with _ctrl_c(session):
        session.extract(films, redo)


@app.command("filter", epilog="Example: ghibli-prep filter -i ~/frames")
def filter_(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    redo: Annotated[
        bool, typer.Option("--redo", help="Decide anew, by today's settings, what is not yet in train/.")
    ] = False,
) -> None:
    """Keep the pictures with people in filtered_temp/, show the others in filtered_out/."""
    session = _session(config, workspace, source)
    with _ctrl_c(session):
        session.filter(redo)


@app.command(epilog="Example: ghibli-prep resize --skip-filter -i ~/frames")
def resize(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    skip_filter: Annotated[bool, typer.Option("--skip-filter", help="Take every picture found.")] = False,
) -> None:
    """Bring what the filter kept to train/ as 1.jpg, 2.jpg, ... of one size."""
    session = _session(config, workspace, source)
    with _ctrl_c(session):
        session.resize(skip_filter)


@app.command(epilog="Example: ghibli-prep caption --limit 10")
def caption(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    strategy: Strategy = None,
    limit: Limit = None,
    wait: WaitFor = False,
    max_requests: MaxRequests = None,
    max_cost: MaxCost = None,
    retry_blocked: Retry = False,
    batch: Batch = False,
    forget_batch: Annotated[
        str,
        typer.Option(
            metavar="NAME", help='Only give up a batch that `status` shows ("all": each): its pictures are asked anew.'
        ),
    ] = "",
) -> None:
    """Get a caption for each picture in train/ that has none."""
    session = _session(config, workspace, source, strategy)
    session.spend_at_most(max_requests, max_cost, batch)
    with _ctrl_c(session):
        if forget_batch:
            session.forget_batch(forget_batch)
        else:
            session.caption(limit, wait, retry_blocked, batch)


@app.command(epilog='Example: ghibli-prep recaption --where "model=gemini-2.0-flash-lite" --or "words<20"')
def recaption(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    where: Where = None,
    other: OrWhere = None,
    numbers: Annotated[str, typer.Option("--numbers", metavar="LIST", help="Of these pictures only: 5,9-12.")] = "",
    strategy: Strategy = None,
    limit: Limit = None,
    wait: WaitFor = False,
    max_requests: MaxRequests = None,
    max_cost: MaxCost = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which captions would be asked again.")] = False,
) -> None:
    """Ask again for captions you choose. Each stays until its new one is saved; paused, the same command goes on."""
    from ghibli_prep.selecting import Selection

    session = _session(config, workspace, strategy=strategy)
    session.spend_at_most(max_requests, max_cost)
    with _ctrl_c(session):
        session.recaption(Selection.of(where or [], other or [], numbers), limit, wait, dry_run)


def _share(text: str) -> float:
    """`5%` or `0.05`."""
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise typer.BadParameter(f"{text!r} is no share. Write one like 5% or 0.05.")
    return share


@app.command(epilog="Example: ghibli-prep split --validation 5%")
def split(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    validation: Annotated[
        str, typer.Option("--validation", metavar="SHARE", help="How much goes to validation, about: 5% or 0.05.")
    ] = "5%",
    seed: Annotated[int, typer.Option("--seed", help="Another seed draws other sides.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where the two folders go. Default: split/ in the workspace."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw a validation side with nothing alike on the other: whole scenes, and a proof. Adding pictures moves none."""
    session = _session(config, workspace)
    with _ctrl_c(session):
        session.split(_share(validation), seed, out, as_json)


@app.command(epilog="Example: ghibli-prep cleanup --dry-run")
def cleanup(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    purge: Annotated[bool, typer.Option("--purge", help="Delete for good, also what lies in removed/.")] = False,
    include_pending: Annotated[
        bool, typer.Option("--include-pending", help="Also take out pictures that were not asked yet.")
    ] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Put back what lies in removed/.")] = False,
) -> None:
    """Move pictures without a usable caption, and their lines, from train/ to removed/."""
    session = _session(config, workspace, source)
    if restore:
        session.restore(dry_run)
        return

    def agreed(question: str) -> bool:
        try:
            return yes or typer.confirm(question, err=True)
        except typer.Abort:  # Ctrl-C or Ctrl-D instead of an answer
            raise Stopped("Nothing was changed.") from None

    if not (yes or dry_run or sys.stdin.isatty()):
        raise typer.BadParameter("nobody is there to answer: add --yes, or --dry-run to only look")
    session.cleanup(dry_run, purge, include_pending, agreed)


@app.command(epilog="Example: ghibli-prep keys --json")
def keys(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    as_json: AsJson = False,
) -> None:
    """Ask each key which of the configured models it may use. Costs no quota."""
    _session(config, workspace, source).show_keys(as_json)


@app.command(epilog="Example: ghibli-prep plan --keys 3")
def plan(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    keys: Annotated[
        int | None, typer.Option("--keys", min=1, max=100, metavar="N", help="Plan with N keys. Default: those set.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a run would cost: requests, tokens, money, days and the end, for each strategy. Asks nobody."""
    _session(config, workspace, source).plan(as_json, keys)


@app.command(epilog="Example: ghibli-prep status --json")
def status(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    as_json: AsJson = False,
) -> None:
    """Say where the workspace stands. Works while a run is going on."""
    _session(config, workspace, source).status(as_json)


@app.command(epilog="Example: ghibli-prep stats --json")
def stats(config: Config = None, workspace: WorkspaceDir = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """The dataset in figures: from found to captioned, by film and model, lengths, words, colours, cost."""
    _session(config, workspace).stats(as_json)


@app.command(epilog="Example: ghibli-prep report --out ~/report.html")
def report(config: Config = None, workspace: WorkspaceDir = DEFAULT_WORKSPACE, out: Out = None) -> None:
    """Write one HTML page that needs no network: figures, plots, and every picture with its caption, searchable."""
    _session(config, workspace).report(out)


@app.command(epilog='Example: ghibli-prep sample 50 --seed 7 --where "model=gemini-2.5-flash-lite"')
def sample(
    count: Annotated[int, typer.Argument(min=1, metavar="[N]", help="How many pictures.")] = 100,
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    seed: Annotated[int, typer.Option("--seed", help="Another seed draws other pictures.")] = 0,
    where: Where = None,
    other: OrWhere = None,
    out: Out = None,
) -> None:
    """Draw pictures to look through by eye: one HTML page with each caption and where it came from."""
    from ghibli_prep.selecting import Selection

    _session(config, workspace).sample(count, seed, Selection.of(where or [], other or [], ""), out)


@app.command(epilog="Example: ghibli-prep validate --fix")
def validate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="A workspace, or any folder with pictures and a metadata.jsonl. Default: --workspace."
        ),
    ] = None,
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended safely, then say what remains. Deletes no caption.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every rule that the dataset must meet. Ends with 3 where it found problems; without --fix only looks."""
    _session(config, folder or workspace, source).validate(as_json, fix)


@app.command(epilog="Example: ghibli-prep demo -w /tmp/demo")
def demo(
    workspace: Annotated[
        Path, typer.Option("-w", "--workspace", metavar="DIR", help="Where the demo's dataset is made, anew each time.")
    ] = Path("data/demo"),
) -> None:
    """The whole pipeline on real photographs, offline, against the sandbox: a minute at the most."""
    from ghibli_prep.console import Console
    from ghibli_prep.demo import play

    play(workspace, _cache_folder(), Console().show)


@app.command(epilog="Example: ghibli-prep sandbox --port 8080, then GEMINI_BASE_URL=http://127.0.0.1:8080")
def sandbox(
    config: Annotated[
        Path | None,
        typer.Option("-c", "--config", metavar="FILE", help="The sandbox's own settings: see configs/sandbox.toml."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8765,
) -> None:
    """A Gemini API on this machine, with quotas, blocks and faults, to try things out. Ctrl-C ends it."""
    from ghibli_prep import sandbox as it

    with it.Sandbox(it.load(config) if config else it.SandboxSettings(), port=port) as running:
        typer.echo(f"The sandbox answers at {running.url}. Point ghibli-prep to it: GEMINI_BASE_URL={running.url}")
        running.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `ghibli-prep`. arguments: None for those of the process. Ends in SystemExit, always."""
    try:
        app(arguments, prog_name="ghibli-prep")
    except GhibliPrepError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say("Stopped. Everything up to now is saved.")
        sys.exit(130)
    except Exception:  # noqa: BLE001 - the last one to hear of a fault of ours
        _say(f"{traceback.format_exc()}\nThis is a fault of ghibli-prep. Everything up to now is saved.")
        sys.exit(1)


def _say(text: str) -> None:
    """The last words, without any key that a provider's message may quote."""
    from ghibli_prep import environment
    from ghibli_prep.console import Console

    keys = list(_keys)
    with contextlib.suppress(GhibliPrepError):
        keys += environment.secrets_in(environment.with_env_file(os.environ, Path(".env")))
    Console(keys).tell(text)
