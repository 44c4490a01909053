"""Test that the files of an export appear together, also if it is killed, and what the next export does then."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from exports.drafts import PREFIX, RENAMES_SUFFIX, REPLACED_SUFFIX, REPLACEMENT_SUFFIX, SUFFIX, settle_abandoned
from tests.support.article_archive import build
from tests.support.command import ROOT, environment, morgue
from tests.support.exporting import export

SPLIT = ("--split", "train=.5,valid=.3,test=.2")
NAMES = sorted(f"a-{part}.jsonl{end}" for part in ("train", "valid", "test") for end in ("", ".manifest.json"))
# `morgue` with a signal that it gets at one moment: at the Nth call of a function.
STOPPED = """
import importlib, os, sys
module, name, number, call, *args = sys.argv[1:]
owner = importlib.import_module(module)
while "." in name:
    part, _, name = name.partition(".")
    owner = getattr(owner, part)
real, calls = getattr(owner, name), iter(range(1, 1000))
def stopping(*args, **options):
    if next(calls) == int(call):
        os.kill(os.getpid(), int(number))
    return real(*args, **options)
setattr(owner, name, stopping)
sys.argv = ["morgue", *args]
from crawler.cli.main import main
main()
"""
WRITE, RENAME = ("exports.formats.to_jsonl", "write"), ("pathlib", "Path.replace")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build(tmp_path_factory.mktemp("drafts") / "archive")


def stopped_split(archive, out, function, number, call):
    """Export a split and send a signal at one call of a function; return the exit code."""
    command = [sys.executable, "-c", STOPPED, *function, str(int(number)), str(call)]
    done = subprocess.run([*command, "-C", archive, "export", "jsonl", out / "a.jsonl", *SPLIT], cwd=ROOT,
                          env=environment(), capture_output=True, text=True)  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def without_times(found):
    """Return files by name, with manifests as objects without the time of export."""
    return {
        name: json.loads(data) | {"created": ""} if name.endswith(".manifest.json") else data
        for name, data in found.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("call", [2, 3])
def test_killed_split_leaves_no_file_under_its_name(archive, tmp_path, call):
    """kill -9 while a later file is written. The next export removes the drafts and makes all files."""
    assert stopped_split(archive, tmp_path, WRITE, signal.SIGKILL, call) == -signal.SIGKILL
    assert all(name.startswith(PREFIX) for name in os.listdir(tmp_path))
    assert len(os.listdir(tmp_path)) == 2 * call
    assert morgue("-C", archive, "export", "jsonl", tmp_path / "a.jsonl", *SPLIT).returncode == 0
    assert sorted(os.listdir(tmp_path)) == NAMES


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_split_leaves_nothing(archive, tmp_path, number):
    """Neither a file nor a draft."""
    assert stopped_split(archive, tmp_path, WRITE, number, 3) == 130
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("call", [1, 2, 4, 6])
def test_split_that_is_killed_while_it_is_renamed_is_finished_by_the_next_export(archive, tmp_path, call):
    """All files are whole then. Until then the manifest of a file is there only after all files."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "out").mkdir()
    morgue("-C", archive, "export", "jsonl", tmp_path / "whole" / "a.jsonl", *SPLIT)
    assert stopped_split(archive, tmp_path / "out", RENAME, signal.SIGKILL, call) == -signal.SIGKILL
    placed = [name for name in os.listdir(tmp_path / "out") if not name.startswith(PREFIX)]
    assert len(placed) == call - 1
    assert all(name.endswith(".jsonl") for name in placed[:3]) or len(placed) > 3
    done = morgue("-C", archive, "export", "jsonl", tmp_path / "out" / "a.jsonl", *SPLIT)
    assert done.returncode == 2
    assert "exists already" in done.stderr
    assert without_times(files(tmp_path / "out")) == without_times(files(tmp_path / "whole"))


@pytest.mark.slow
@pytest.mark.parametrize("call", [2, 5])
def test_split_that_is_interrupted_while_it_is_renamed_is_complete(archive, tmp_path, call):
    """Ctrl-C cannot stop it between two files."""
    assert stopped_split(archive, tmp_path, RENAME, signal.SIGINT, call) == 130
    assert sorted(os.listdir(tmp_path)) == NAMES


def test_split_is_not_begun_if_one_of_its_files_exists(archive, tmp_path):
    """The others are not written either; with --force all are replaced."""
    (tmp_path / "a-valid.jsonl").write_text("mine")
    done = morgue("-C", archive, "export", "jsonl", tmp_path / "a.jsonl", *SPLIT)
    assert (done.returncode, files(tmp_path)) == (2, {"a-valid.jsonl": b"mine"})
    assert "a-valid.jsonl: exists already" in done.stderr
    assert morgue("-C", archive, "export", "jsonl", tmp_path / "a.jsonl", *SPLIT, "--force").returncode == 0
    assert sorted(os.listdir(tmp_path)) == NAMES
    assert b"mine" not in files(tmp_path)["a-valid.jsonl"]


def stopped_replacement(archive, out, number, call):
    """Replace an export in a folder and send a signal at one rename; return the exit code."""
    command = [sys.executable, "-c", STOPPED, *RENAME, str(int(number)), str(call)]
    done = subprocess.run([*command, "-C", archive, "export", "txt", out, "--force", "--source", "shimbun"], cwd=ROOT,
                          env=environment(), capture_output=True, text=True)  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode


def articles_in(folder):
    return json.loads((folder / "manifest.json").read_text())["rows"]


@pytest.mark.slow
@pytest.mark.parametrize(("call", "there", "settled"), [(1, True, 39), (2, False, 2)])
def test_replaced_folder_is_never_lost_if_the_export_is_killed(archive, tmp_path, call, there, settled):
    """kill -9 before the earlier folder loses its name, and after. The next export beside it settles it.

    Before, the earlier one stays; after, the new one gets its name.
    """
    out = tmp_path / "out"
    export(archive, "txt", out)
    assert stopped_replacement(archive, out, signal.SIGKILL, call) == -signal.SIGKILL
    assert out.exists() is there
    assert all(name.startswith(PREFIX) for name in os.listdir(tmp_path) if name != "out")
    export(archive, "urls", tmp_path / "b.txt")
    assert sorted(os.listdir(tmp_path)) == ["b.txt", "b.txt.manifest.json", "out"]
    assert articles_in(out) == settled


@pytest.mark.slow
def test_earlier_folder_is_removed_although_the_export_was_killed_meanwhile(archive, tmp_path):
    """kill -9 after both renames. The new folder is complete, and the next export removes the earlier one."""
    out = tmp_path / "out"
    export(archive, "txt", out)
    command = [sys.executable, "-c", STOPPED, "shutil", "rmtree", str(int(signal.SIGKILL)), "1"]
    args = ["-C", archive, "export", "txt", out, "--force", "--source", "shimbun"]
    done = subprocess.run([*command, *args], cwd=ROOT, env=environment(), capture_output=True)
    assert (done.returncode, articles_in(out)) == (-signal.SIGKILL, 2)
    assert any(name.endswith(REPLACED_SUFFIX) for name in os.listdir(tmp_path))
    assert morgue("-C", archive, "export", "txt", out).returncode == 2
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.slow
@pytest.mark.parametrize(("call", "rows"), [(1, 39), (2, 2)])
def test_replacement_that_is_interrupted_leaves_one_complete_folder(archive, tmp_path, call, rows):
    """Ctrl-C between the renames finishes the second one."""
    out = tmp_path / "out"
    export(archive, "txt", out)
    assert stopped_replacement(archive, out, signal.SIGINT, call) == 130
    assert os.listdir(tmp_path) == ["out"]
    assert articles_in(out) == rows


@pytest.mark.parametrize(
    ("noted", "left"),
    [
        ("", {"mine"}), ("[]", {"mine"}), ("7", {"mine"}), ('["mine", "yours", "mine"]', {"mine"}),
        ('["DRAFT", "../mine", "OLD"]', {"mine"}), ('["gone", "yours", "OLD"]', {"mine"}),
        ('["GONE", "yours", "OLD"]', {"mine", "yours"}),
    ],
)  # fmt: skip
def test_note_of_a_replacement_touches_only_what_an_export_made(tmp_path, noted, left):
    """Of one that lost its draft, the earlier folder gets its name back."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mine").mkdir()
    (folder / f"{PREFIX}1{REPLACED_SUFFIX}").mkdir()
    names = {"DRAFT": f"{PREFIX}1{SUFFIX}", "GONE": f"{PREFIX}2{SUFFIX}", "OLD": f"{PREFIX}1{REPLACED_SUFFIX}"}
    for word, name in names.items():
        noted = noted.replace(word, name)
    (folder / f"{PREFIX}3{REPLACEMENT_SUFFIX}").write_text(noted)
    settle_abandoned(folder)
    assert {name for name in os.listdir(folder) if not name.endswith(REPLACED_SUFFIX)} == left
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize(
    "noted", ["", "[[", '[["DRAFT", "../mine"]]', '[["mine", "yours"]]', '[["/DRAFT", "mine"]]', "[[1]]", "7"]
)
def test_list_of_renames_that_no_export_wrote_renames_nothing(tmp_path, noted):
    """Also one that was not written to its end. List and drafts are removed."""
    folder = tmp_path / "out"
    folder.mkdir()
    draft = f"{PREFIX}1{SUFFIX}"
    (folder / draft).write_text("whole")
    (folder / "mine").write_text("mine")
    (folder / f"{PREFIX}2{RENAMES_SUFFIX}").write_text(noted.replace("DRAFT", draft))
    settle_abandoned(folder)
    assert files(folder) == {"mine": b"mine"}
    assert os.listdir(tmp_path) == ["out"]
