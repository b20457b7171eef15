"""The study contract: discovered by file, read without importing, validated when loaded."""

import ast
import functools
import importlib
import inspect
from dataclasses import dataclass, field
from pathlib import Path

from studies.harness.suggest import suggestion
from studies.harness.syntax import syntax_tree

PACKAGE = "studies"
REPORTING_SEED = 1000  # first reporting seed; tuning uses 500..599
SIGNATURES = {"measure": 3, "judge": 2, "draw": 2, "predict": 1}
TEXTS = ("TITLE", "ALT", "THEORY", "PROTOCOL", "SCOPE")


class StudyError(Exception):
    """A study module that breaks the contract; the message says where and how."""


@dataclass(frozen=True)
class Listing:
    """What a study's source says about it, read without running it."""

    id: str
    path: Path
    title: str = ""
    claims: tuple = ()
    version: int = 0
    expected_seconds: dict = field(default_factory=dict)
    errata: dict = field(default_factory=dict)  # erratum -> names of the findings that show it
    broken: str = ""  # why nothing else is known: its syntax error

    @property
    def chapter(self) -> str:
        return self.id.split("/")[0]


@dataclass(frozen=True)
class Study:
    """A loaded and validated study."""

    id: str
    path: Path
    module: object

    def __getattr__(self, name):
        # TITLE, CRITERIA, measure, ... are the module's own
        return getattr(self.module, name)

    @property
    def chapter(self) -> str:
        return self.id.split("/")[0]


def root() -> Path:
    """The folder of the package `studies`."""
    return Path(importlib.import_module(PACKAGE).__file__).parent


def discover() -> dict[str, Listing]:
    """Every study by id ("chapter/stem"), in order: the public modules of the chapter packages."""
    found = {}
    for chapter in sorted(root().iterdir()):
        if chapter.name == "harness" or chapter.name.startswith(("_", ".")) or not chapter.is_dir():
            continue
        for path in sorted(chapter.glob("*.py")):
            if not path.name.startswith("_"):
                found[f"{chapter.name}/{path.stem}"] = _read(f"{chapter.name}/{path.stem}", path)
    return found


def _read(id, path) -> Listing:
    """The literals of a study's source."""
    try:
        literals = _literals(path, *_as_it_is(path))
        shown = [found for p in sources(path) for found in _findings_of_errata(p, *_as_it_is(p))]
    except SyntaxError as error:
        return Listing(id, path, broken=f"cannot be read: SyntaxError: {error}")
    errata = {}
    for erratum, finding in shown:
        errata.setdefault(erratum, []).append(finding)
    return Listing(
        id,
        path,
        title=literals.get("TITLE", ""),
        claims=tuple(literals.get("CLAIMS", ())),
        version=literals.get("VERSION", 0),
        expected_seconds=literals.get("EXPECTED_SECONDS", {}),
        errata=errata,
    )


def _as_it_is(path):
    """What tells a file from itself after a change. What is read of one is kept: a run asks ten times of a hundred."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@functools.lru_cache(1024)
def _literals(path, *_as_it_is) -> dict:
    """Names that a file gives to literals."""
    literals = {}
    for node in syntax_tree(path).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and getattr(node, "value", None) is not None:
            try:
                literals[target.id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return literals


@functools.lru_cache(1024)
def _findings_of_errata(path, *_as_it_is) -> tuple[tuple[str, str], ...]:
    """(erratum, name of a finding that shows it) for each call that says so."""
    found = []
    for call in ast.walk(syntax_tree(path)):
        if isinstance(call, ast.Call):
            given = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
            if given.get("erratum") and given.get("name"):
                found.append((given["erratum"], given["name"]))
    return tuple(found)


def sources(path) -> list[Path]:
    """A study's file and what it imports of its own chapter, directly or not: modules and private packages."""
    chapter = Path(path).parent
    own, found, todo = f"{PACKAGE}.{chapter.name}.", set(), [Path(path)]
    while todo:
        module = todo.pop()
        if module in found or not module.is_file():
            continue
        found.add(module)
        package = (PACKAGE, *module.parent.relative_to(chapter.parent).parts)
        for name in _imported(module, package):
            steps = name.removeprefix(own).split(".") if name.startswith(own) else []
            for place in (chapter.joinpath(*steps[:i]) for i in range(1, len(steps) + 1)):
                todo += [place.with_suffix(".py"), place / "__init__.py"]
    return sorted(found)


def trains(path) -> bool:
    """Whether a study's sources import coreops themselves, so that its kernels will be needed."""
    names = set()
    try:
        for source in sources(path):
            names.update(_imported(source, (PACKAGE, Path(path).parent.name)))
    except SyntaxError:
        return False  # `load` reports it
    return any(name.split(".")[0] == "coreops" for name in names)


def _imported(path, package) -> tuple[str, ...]:
    """Absolute names of everything that a module of `package` (its names, outermost first) imports."""
    return _imported_by(path, package, *_as_it_is(path))


@functools.lru_cache(1024)
def _imported_by(path, package, *_as_it_is):
    names = []
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*start, *filter(None, [node.module])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(names)


def resolve(name: str, listings: dict) -> list[str]:
    """Study ids for a study id, a stem, a chapter or a claim id; KeyError with a suggestion otherwise."""
    name = name.strip("/").removesuffix(".py")
    if name in listings:
        return [name]
    for chosen in (
        [i for i in listings if i.split("/")[0] == name],
        [i for i in listings if i.split("/")[1] == name],
        [i for i, s in listings.items() if name in s.claims],
    ):
        if chosen:
            return chosen
    chapters = {p.parent.name for p in root().glob("*/__init__.py")} - {"harness"}
    if name in chapters:
        raise KeyError(f"chapter {name!r} has no studies yet")
    known = {*listings, *chapters, *(i.split("/")[1] for i in listings)}
    known.update(c for s in listings.values() for c in s.claims)
    raise KeyError(f"no study, chapter or studied claim is called {name!r}{suggestion(name, known)}")


def load(id: str) -> Study:
    """Imports and validates one study; StudyError says what breaks the contract."""
    chapter, stem = id.split("/")
    try:
        module = importlib.import_module(f"{PACKAGE}.{chapter}.{stem}")
    except Exception as error:
        raise StudyError(f"{id}: cannot be imported: {type(error).__name__}: {error}") from error
    problems = problems_of(module)
    listing = _read(id, Path(module.__file__))
    for name, read in (("CLAIMS", listing.claims), ("VERSION", listing.version), ("TITLE", listing.title)):
        if not problems and getattr(module, name) != read:
            problems.append(f"{name} must be a plain literal in the study's own file")
    if problems:
        raise StudyError(f"{id} breaks the study contract:\n" + "\n".join(f"  - {p}" for p in problems))
    return Study(id, Path(module.__file__), module)


def problems_of(module) -> list[str]:
    """Everything in which a module differs from the contract; empty when it is a study."""
    from studies.harness.finding import Criteria
    from studies.harness.model import FrozenModel

    out = []

    def need(name, check, wanted):
        value = getattr(module, name, None)
        if value is None or not check(value):
            out.append(f"{name} must be {wanted}, got {'nothing' if value is None else repr(value)[:60]}")
            return None
        return value

    for name in TEXTS:
        need(name, lambda v: isinstance(v, str) and v.strip(), "a non-empty str")
    claims = need(
        "CLAIMS",
        lambda v: isinstance(v, tuple) and v and all(isinstance(c, str) for c in v),
        "a tuple of str",
    )
    version = need("VERSION", lambda v: isinstance(v, int) and v >= 1, "an int >= 1")
    changes = getattr(module, "CHANGES", ())
    if version and (not isinstance(changes, tuple) or len(changes) != version - 1):
        out.append(f"CHANGES must be a tuple of {version - 1} lines, one per version after the first")
    need(
        "EXPECTED_SECONDS",
        lambda v: isinstance(v, dict) and set(v) == {"quick", "full"},
        'a dict {"quick": s, "full": s}',
    )
    params = need("Params", lambda v: isinstance(v, type) and issubclass(v, FrozenModel), "a subclass of FrozenModel")
    if params:
        for name in ("QUICK", "FULL"):
            need(name, lambda v: isinstance(v, params), "an instance of Params")
        out += [
            f"Params.{n} needs Field(description=...): it is printed as a caveat"
            for n, f in params.model_fields.items()
            if not f.description
        ]
    criteria = need(
        "CRITERIA",
        lambda v: isinstance(v, Criteria) and len(v),
        "a Criteria(...) with at least one Criterion",
    )
    for c in criteria or ():
        if claims and c.claim not in claims:
            out.append(f"criterion {c.name!r} is about {c.claim!r}, which is not in CLAIMS")
    for claim in claims or ():
        if criteria and not any(c.claim == claim and c.role == "primary" for c in criteria):
            out.append(f"claim {claim!r} has no primary criterion")
    for name, count in SIGNATURES.items():
        function = getattr(module, name, None)
        if function is None and name == "predict":
            continue
        if not callable(function):
            out.append(f"{name} must be a function of {count} arguments, got {function!r}")
        elif len(inspect.signature(function).parameters) != count:
            out.append(f"{name} must take {count} arguments, it takes {inspect.signature(function)}")
    return out


def seeds_of(params, doublings=0) -> list[int]:
    """Reporting seeds 1000, 1001, ...: `params.seeds` of them, doubled `doublings` times."""
    return [REPORTING_SEED + i for i in range(getattr(params, "seeds", 0) * 2**doublings)]
