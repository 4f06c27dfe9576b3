"""The house rules as plain functions: a file's path and text in, the offences out."""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
DRAWERS = {"utils", "util", "helpers", "helper", "manager", "service", "rules", "misc", "common"}
ABOUT_THE_COMPANY = {"nightbell/web/service.py"}  # Here *the service* is who answers.
CODE = {".py", ".ts", ".svelte", ".sql", ".css", ".js"}
# The clock itself, and ids that sort by the millisecond they were made in.
MAY_READ_CLOCKS = {"nightbell/core/clock.py", "nightbell/core/ids.py"}
CLOCKS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
    ("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("time", "gmtime"),
}  # fmt: skip
# In two halves, so that this file does not break the rules it states.
REGISTRIES = [
    "registry." + "npmjs", "registry." + "yarnpkg", "files." + "pythonhosted", "pypi." + "org",
    "deb." + "debian", "crates." + "io", "index-" + "url ", "extra-index-" + "url ",
]  # fmt: skip
MACHINE_PATHS = re.compile("/" + r"(?:work|root|home/\w+|Users/\w+)" + r"/[\w.]")
REMINDERS = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|XX" + "X|HA" + r"CK)\b")
SQL_CLOCK = re.compile(r"(?<!floor_)\b(?:now\(\)|current_timestamp|localtimestamp)", re.IGNORECASE)
VOLATILE_CLOCK = re.compile(r"\bclock_timestamp\b", re.IGNORECASE)
ERRORS = {"NightbellError", "NotAllowed", "NotFound", "Stale", "Unreachable", "Broken", "Refused"}
NUMBERS = re.compile(r"\+1(\d{10})(?!\d)")

Offences = Iterator[str]


def long_functions(path: str, text: str) -> Offences:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines"


def long_file(path: str, text: str) -> Offences:
    lines = text.count("\n")
    if PurePosixPath(path).suffix in CODE and lines > FILE_LINES_MAX:
        yield f"{path}: {lines} lines"


def drawer(path: str, text: str) -> Offences:
    if PurePosixPath(path).stem.lower() in DRAWERS and path not in ABOUT_THE_COMPANY:
        yield f"{path}: named like a drawer that everything falls into; name its concept"


def first_sentence(path: str, text: str) -> Offences:
    if not text.strip():
        return
    told = ast.get_docstring(ast.parse(text)) or ""
    if not re.search(r"[.?!:;,)]$|\w$", told.partition("\n")[0]) or not told:
        yield f"{path}: its first line does not say what it is"


def strange_clocks(path: str, text: str) -> Offences:
    """Only the floor's clock decides; `process_now` stamps. Durations may use the monotonic one."""
    if path in MAY_READ_CLOCKS:
        return
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=what), attr=how)):
                if (what, how) in CLOCKS:
                    yield f"{path}:{node.lineno}: {what}.{how}() is not the floor's clock"
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=what), attr=how)):
                if (what, how) in CLOCKS:
                    yield f"{path}:{node.lineno}: {what}.{how}() is not the floor's clock"
            case _:
                pass


def sql_clocks_in_python(path: str, text: str) -> Offences:
    tree = ast.parse(text)
    docstrings = {id(node) for node in _docstrings(tree)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(said)) if id(node) not in docstrings:
                yield from _sql_clocks(f"{path}:{node.lineno}", said)
            case _:
                pass


def sql_clocks(path: str, text: str) -> Offences:
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.partition("--")[0]
        if "function floor_now()" not in said:
            yield from _sql_clocks(f"{path}:{number}", said)


def _sql_clocks(where: str, sql: str) -> Offences:
    if SQL_CLOCK.search(sql):
        yield f"{where}: use floor_now(), which a test can move"
    if VOLATILE_CLOCK.search(sql):
        yield f"{where}: a volatile clock cannot use an index; use floor_now()"


def _docstrings(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case (
                ast.Module(body=[ast.Expr(value=told), *_])
                | ast.ClassDef(body=[ast.Expr(value=told), *_])
                | ast.FunctionDef(body=[ast.Expr(value=told), *_])
                | ast.AsyncFunctionDef(body=[ast.Expr(value=told), *_])
            ):
                yield told
            case _:
                pass


def nameless_room(path: str, text: str) -> Offences:
    """`nightbell/<room>/__init__.py` says what the room owns and what it does not."""
    parts = PurePosixPath(path).parts
    if len(parts) == 3 and parts[0] == "nightbell" and parts[2] == "__init__.py":
        told = ast.get_docstring(ast.parse(text)) or ""
        if "Owns:" not in told or "Does not own:" not in told:
            yield f"{path}: a room says *Owns* and *Does not own*"


def wordless_errors(path: str, text: str) -> Offences:
    """The docstring of an error is what a person reads."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        if any(base in ERRORS or base.endswith("Refused") for base in bases):
            told = " ".join((ast.get_docstring(node) or "").split())
            if not told.endswith("."):
                yield f"{path}:{node.lineno}: {node.name} has no sentence to show"


def registry_addresses(path: str, text: str) -> Offences:
    for registry in REGISTRIES:
        if registry in text:
            yield f"{path}: names a package registry ({registry})"


def machine_paths(path: str, text: str) -> Offences:
    for number, line in enumerate(text.splitlines(), start=1):
        if MACHINE_PATHS.search(line):
            yield f"{path}:{number}: names a place on somebody's machine"


def reminders(path: str, text: str) -> Offences:
    for number, line in enumerate(text.splitlines(), start=1):
        if REMINDERS.search(line):
            yield f"{path}:{number}: leaves something for later; do it, or open an issue"


def real_numbers(path: str, text: str) -> Offences:
    """A number in the source must never ring at somebody's bedside: 555-01xx only."""
    for number, line in enumerate(text.splitlines(), start=1):
        for digits in NUMBERS.findall(line):
            if not re.fullmatch(r"\d{3}55501\d\d", digits):
                yield f"{path}:{number}: +1{digits} may be somebody's telephone; use 555-01xx"
