"""How large what is deployed is: every built function and the layer, as files and zipped."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Package:
    """Sizes in bytes."""

    name: str
    unpacked: int
    zipped: int


def packages(build: Path) -> list[Package]:
    """What `sam build` made in `build`, by name; the largest first."""
    found = [_package(folder) for folder in sorted(build.iterdir()) if folder.is_dir()]
    return sorted(found, key=lambda package: -package.zipped)


def largest_parts(layer: Path, most: int = 8) -> list[tuple[str, int]]:
    """The largest packages inside the layer, with their bytes."""
    sizes = [(entry.name, _size(entry)) for entry in (layer / "python").iterdir()]
    return sorted(sizes, key=lambda each: -each[1])[:most]


def _package(folder: Path) -> Package:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _files(folder):
            archive.write(file, file.relative_to(folder))
    return Package(folder.name, _size(folder), len(zipped.getvalue()))


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _size(entry: Path) -> int:
    return entry.stat().st_size if entry.is_file() else sum(file.stat().st_size for file in _files(entry))
