"""Breaks the sync core on purpose, one rule at a time, and shows that the simulation notices.

Run it with `make mutants`, or `make mutants ONLY="ha pa"` for some. Each mutant is applied to a copy of the project,
where the smallest selection of tests that must fail is run. Exit code 1 if one survives, or if the tests do not pass on
the unbroken copy.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.simulation import broken_around, broken_core
from tests.simulation.mutant import Change, Mutant

ROOT = Path(__file__).parents[2]
LAYER = Path("layers/common/syncro_quickbooks")
COPIED = ("layers/common/syncro_quickbooks", "emulators", "local", "tests", "pyproject.toml", "template.yaml")
HISTORIES = "0-3999"
TIME_LIMIT = 300.0  # seconds for one selection; a mutant may well run for ever, and that is noticed too

MUTANTS = (*broken_core.MUTANTS, *broken_around.MUTANTS)


def copy_of_the_project(folder: Path) -> None:
    for part in COPIED:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def breaking(mutant: Mutant, unbroken: Path, folder: Path) -> Path:
    """A copy in `folder` with the mutant in it."""
    shutil.copytree(unbroken, folder)
    for change in mutant.changes:
        apply(change, folder)
    return folder


def apply(change: Change, folder: Path) -> None:
    """Raises ValueError when the source is no longer what the mutant was written for."""
    path = folder / LAYER / change.path
    text = path.read_text(encoding="utf-8")
    if text.count(change.old) != 1:
        raise ValueError(f"{change.path} does not hold exactly once: {change.old.strip()}")
    path.write_text(text.replace(change.old, change.new), encoding="utf-8")


def failures(tests: tuple[str, ...], folder: Path) -> str:
    """The last words of the first failure; empty if all tests pass."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "--show-capture=no", "--tb=line"]
    try:
        done = subprocess.run(  # noqa: S603 - our own tests
            [*command, "-p", "no:cacheprovider", *tests],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {TIME_LIMIT:.0f} s"
    if done.returncode == 0:
        return ""
    if done.returncode != 1:
        raise RuntimeError(f"pytest could not run the tests:\n{done.stdout}{done.stderr}")
    said = [line for line in done.stdout.splitlines() if "Error" in line or "assert" in line]
    return said[0].strip()[-150:] if said else "failed"


def violation(folder: Path) -> str:
    """The first violation that the histories find; empty if they find none."""
    command = [sys.executable, "-m", "tests.simulation.engine", HISTORIES, "--first"]
    paths = {"PYTHONPATH": os.pathsep.join((".", "layers/common"))}
    done = subprocess.run(command, cwd=folder, env={**os.environ, **paths}, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    said = [line for line in done.stdout.splitlines() if line.startswith("VIOLATED")]
    if done.returncode and not said:
        raise RuntimeError(f"the histories could not be run:\n{done.stdout}{done.stderr}")
    return said[0][:150] if said else ""


def main() -> int:
    chosen = [each for each in MUTANTS if not sys.argv[1:] or each.name.split()[0] in sys.argv[1:]]
    survivors = 0
    with tempfile.TemporaryDirectory() as name:
        unbroken = Path(name) / "unbroken"
        copy_of_the_project(unbroken)
        broken = [breaking(mutant, unbroken, Path(name) / str(number)) for number, mutant in enumerate(chosen)]
        every = tuple(dict.fromkeys(test for mutant in chosen for test in mutant.tests))
        if said := failures(every, unbroken):
            print(f"The tests do not pass before anything is broken: {said}")
            return 1
        for mutant, folder in zip(chosen, broken, strict=True):
            found = [failures(mutant.tests, folder)] if mutant.tests else []
            found += [violation(folder)] if mutant.in_histories else []
            survivors += "" in found
            for said in found:
                print(f"{'noticed ' if said else 'SURVIVED'}  {mutant.name:<52}  {said}", flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
