"""Test what holds for every format: the same bytes, a manifest and checksums that are right, nothing half-made."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import exports
from exports.drafts import draft_file, draft_folder
from exports.formats import to_csv
from tests.support.article_archive import build
from tests.support.command import ROOT, environment, morgue
from tests.support.every_format import VARIANTS, installed
from tests.support.exporting import export

# What another machine has otherwise: time zone, order of sets, language.
MACHINES = (
    {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8"},
    {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "2", "LC_ALL": "C"},
)
ARTICLES = [
    name
    for name in exports.format_names()
    if not exports.is_capture_format(exports.load_format(name)) and installed(name)
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("every") / "archive")


@pytest.fixture(scope="module")
def made(archive, tmp_path_factory):
    """Two folders with an export in every format, each made as on another machine."""
    folders = [tmp_path_factory.mktemp("made") for _ in MACHINES]
    command = [sys.executable, "-m", "tests.support.every_format", archive]
    runs = [
        subprocess.Popen([*command, folder], cwd=ROOT, env=environment() | machine, stderr=subprocess.PIPE, text=True)
        for machine, folder in zip(MACHINES, folders, strict=True)
    ]
    for run in runs:
        _, said = run.communicate()
        assert run.returncode == 0, said
    return folders


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_archive_gives_the_same_bytes_on_every_machine(made):
    """Manifests are the same, too. Only the time of an export differs, and here it is given."""
    first, second = map(files_of, made)
    assert [name for name in first | second if first.get(name) != second.get(name)] == []
    assert len({path.name for path in made[0].iterdir()} - {n for n in first if n.endswith(".manifest.json")}) >= len(
        [name for name in exports.format_names() if installed(name)]
        + [form for _, form, _ in VARIANTS if installed(form)]
    )


def test_manifest_of_every_file_has_its_size_and_checksum(made):
    """The checksum is that of `sha256sum`."""
    manifests = sorted(made[0].glob("*.manifest.json"))
    assert len(manifests) >= 10
    for path in manifests:
        manifest, data = (
            json.loads(path.read_bytes()),
            path.with_name(path.name.removesuffix(".manifest.json")).read_bytes(),
        )
        assert (manifest["bytes"], manifest["sha256"]) == (len(data), hashlib.sha256(data).hexdigest()), path.name


def test_manifest_of_every_folder_vouches_for_each_file(made):
    """SHA256SUMS lists every other file, and the manifest has the checksum of that list."""
    folders = [path.parent for path in sorted(made[0].glob("*/manifest.json"))]
    assert len(folders) >= 3
    for folder in folders:
        manifest, sums = json.loads((folder / "manifest.json").read_bytes()), (folder / "SHA256SUMS").read_bytes()
        assert manifest["sha256"] == hashlib.sha256(sums).hexdigest()
        listed = {line[66:]: line[:64] for line in sums.decode().splitlines()}
        files = files_of(folder)
        assert listed.keys() == files.keys() - {"manifest.json", "SHA256SUMS"}, folder.name
        assert all(hashlib.sha256(files[name]).hexdigest() == digest for name, digest in listed.items())
        assert manifest["files"] == len(listed)
        assert manifest["bytes"] == sum(len(files[name]) for name in listed)


LIMITED = """
import resource, sys
from pathlib import Path
from exports import dataset
from pipelines.core.errors import MorgueError
from tests.support.exporting import export
archive, out = map(Path, sys.argv[1:3])
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))
for form in sys.argv[3:]:
    try:
        export(archive, form, out / "a")
    except MorgueError as error:
        print(form, error.exit_code, error.subject, error.cause, sep="|")
"""


def test_file_that_cannot_grow_is_an_error_and_leaves_nothing(archive, tmp_path):
    """The limit on the size of a file is real. The error of each format is about OUT, never about a temporary name."""
    (tmp_path / "out").mkdir()
    big = [form for form in ARTICLES if form not in ("urls", "markdown")]  # the files of these are small
    command = [sys.executable, "-c", LIMITED, archive, tmp_path / "out", *big]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = [line.split("|") for line in done.stdout.splitlines()]
    assert [form for form, *_ in said] == big, done.stdout
    assert [line for line in said if ".part" in line[2] or line[1] == "0"] == []
    assert os.listdir(tmp_path / "out") == []


KILLED = """
import os, signal, sys
from pathlib import Path
from exports.selected_rows import ArticleRows
from tests.support.exporting import export
real = ArticleRows._rows
def rows(self):
    for number, row in enumerate(real(self)):
        if number == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        yield row
ArticleRows._rows = rows
export(Path(sys.argv[1]), sys.argv[3], Path(sys.argv[2]) / "a")
"""


@pytest.mark.parametrize("form", ["jsonl", "txt"])
def test_leftovers_of_a_killed_export_are_removed_by_the_next(archive, tmp_path, form):
    """Nothing has the final name; the next export, of whatever format, leaves only its own files."""
    done = subprocess.run([sys.executable, "-c", KILLED, archive, tmp_path, form], cwd=ROOT, env=environment())
    assert done.returncode == -signal.SIGKILL
    left = os.listdir(tmp_path)
    assert left
    assert all(name.startswith(".morgue-export-") for name in left)
    export(archive, "urls", tmp_path / "b.txt")
    assert sorted(os.listdir(tmp_path)) == ["b.txt", "b.txt.manifest.json"]


def test_draft_of_an_export_that_runs_is_left_alone(archive, tmp_path):
    """Another export into the same folder may end meanwhile."""
    with draft_file(tmp_path / "a") as (file, _), draft_folder(tmp_path / "b") as (folder, _):
        export(archive, "urls", tmp_path / "c.txt")
        assert file.exists()
        assert folder.exists()
    assert sorted(os.listdir(tmp_path)) == ["c.txt", "c.txt.manifest.json"]


def test_split_and_sample_choose_the_same_articles_in_every_format(archive, tmp_path):
    """A format is only a way to write: rows are chosen before."""
    chosen = {"sample": 9, "seed": 3}
    export(archive, "urls", tmp_path / "urls", **chosen)
    urls = (tmp_path / "urls").read_text().splitlines()
    export(archive, "jsonl", tmp_path / "jsonl", fields=["url", "id"], **chosen)
    rows = [json.loads(line) for line in (tmp_path / "jsonl").read_text().splitlines()]
    assert [row["url"] for row in rows] == urls
    export(archive, "txt", tmp_path / "txt", **chosen)
    assert sorted(int(path.stem) for path in (tmp_path / "txt").rglob("*.txt")) == [row["id"] for row in rows]


def test_csv_for_excel_begins_with_a_mark_and_cuts_what_excel_refuses(archive, tmp_path):
    """The command says how many cells it cut; the rest of the file is that of plain CSV."""
    for name, option in (("plain.csv", "--raw"), ("excel.csv", "--excel")):
        assert morgue("-C", archive, "export", "csv", tmp_path / name, option, "--fields", "id,title").returncode == 0
    plain, excel = ((tmp_path / name).read_bytes() for name in ("plain.csv", "excel.csv"))
    assert excel.startswith("\ufeffid,title\r\n".encode())
    assert excel.removeprefix(b"\xef\xbb\xbf").replace(b"\"'=HYPERLINK", b'"=HYPERLINK') == plain
    manifest = json.loads((tmp_path / "excel.csv.manifest.json").read_bytes())
    assert (manifest["excel"], manifest["cut_cells"]) == (True, 0)


@pytest.mark.parametrize(("text", "kept"), [("x" * 32_767, 32_767), ("x" * 32_768, 32_767), ("👩" * 16_384, 32_767)])
def test_cell_for_excel_has_at_most_its_characters(tmp_path, text, kept):
    """Excel counts a character beyond U+FFFF as two."""
    form, path = to_csv.ForExcel(), tmp_path / "a.csv"
    with path.open("wb") as out:
        form.write([{"text": text}], out, ["text"])
    cell = path.read_text(encoding="utf-8-sig").splitlines()[1]
    assert kept - 1 <= len(cell.encode("utf-16-le")) / 2 <= kept
    assert form.cut_cells == (cell != text)
    assert cell.endswith(to_csv.CUT) or cell == text
