"""The functions' archives, made of the programs of a workspace build: stripped, named `bootstrap`, zipped."""

import fcntl
import os
import subprocess
import zipfile
from pathlib import Path

FUNCTIONS = ("expiry-sweeper", "key-management", "push-authorizer")


def archives(build: Path, folder: Path) -> dict:
    """The archive of each function, by its name. Those in `folder` are made again where `build` has a newer program."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        # Several stages may be set at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return {name: archive(build / name, folder / f"{name}.zip") for name in FUNCTIONS}


def archive(program: Path, into: Path) -> Path:
    if into.exists() and into.stat().st_mtime > program.stat().st_mtime:
        return into
    stripped = into.with_suffix(".stripped")
    subprocess.run(["strip", "-o", stripped, program], check=True)
    unfinished = into.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        opened.writestr(entry, stripped.read_bytes(), compresslevel=1)
    stripped.unlink()
    os.replace(unfinished, into)
    return into
