"""`morgue schedule`: what it prints works as printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from crawler.cli.timetable import INTERVALS, ScheduledJob, cron, cron_line, service, systemd, timer
from crawler.health.notify import from_any_folder
from pipelines.core.errors import ConfigError
from tests.support.command import environment, make_archive, morgue, rows

AWKWARD = [
    "plain",
    "two words",
    "100%",
    "a\\%b",
    "dollar $HOME",
    "it's",
    'say "hi"',
    "semi;colon",
    "Zeitung_ü",
    "back\\slash",
    "ends in \\",
    "ends in two \\\\",
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    made = make_archive(tmp_path_factory.mktemp("a") / "my 100% archive")
    (made / "sources" / "paper.toml").write_text("url = 'https://paper.example/'")
    return made


def cron_gives(line):
    """Return what cron hands to sh: five fields off, all up to the first bare %, backslashes before % off
    (crontab(5))."""
    command = line.split(maxsplit=5)[5]
    return re.sub(r"\\%", "%", re.match(r"(?:\\.|[^\\%])*", command)[0])


def words_of(shell_line):
    """Return what a program called by this line of sh is given."""
    script = f"set -- {shell_line}; printf '%s\\0' \"$@\""
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split("\0")[:-1]


@pytest.mark.parametrize("folder", AWKWARD)
def test_cron_command_is_quoted_for_sh(folder):
    """Whatever is in a path, sh sees exactly it."""
    job = ScheduledJob(f"/data/{folder}", (f"/opt/{folder}/morgue",), 900, ("paper",))
    line = cron(job).splitlines()[-1]
    assert line.endswith(cron_line(job))
    assert words_of(cron_gives(line)) == job.arguments


def test_crontab_line_runs_with_the_environment_of_cron(tmp_path):
    """The very line, through sh: a crawl, and not a word of mail."""
    archive = make_archive(tmp_path / "my 100% archive")
    done = morgue("-C", archive, "schedule", "--cron", "--every", "1h")
    assert done.returncode == 0, done.stderr
    command = cron_gives(done.stdout.splitlines()[-1])
    bare = {"PATH": "/usr/bin:/bin"}
    ran = subprocess.run(["sh", "-c", command], env=bare, cwd="/", capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert rows(archive, "SELECT outcome FROM crawls") == [("done",)]


@pytest.mark.parametrize("every", INTERVALS)
def test_cron_rounds_are_evenly_spaced(every):
    """A step of n minutes or hours meets each hour or day in the same places."""
    minute, hour, day, month, weekday = cron(ScheduledJob("/a", ("/m",), every)).splitlines()[-1].split()[:5]
    assert (day, month) == ("*", "*")

    def count(field, size):
        if field == "*":
            return size
        first, _, step = field.partition("/")
        return len(range(int(first.split("-")[0]), size, int(step))) if step else 1

    rounds = count(minute, 60) * count(hour, 24) * (7 if weekday == "*" else 1)
    assert rounds == 604_800 // every


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("folder", AWKWARD)
def test_systemd_accepts_the_units(tmp_path, folder):
    """No complaint, and the words of the command are the ones meant."""
    place = tmp_path / folder
    place.mkdir()
    program = place / "morgue"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    job = ScheduledJob(str(place), (str(program),), 900)
    (tmp_path / f"{job.name}.service").write_text(service(job))
    (tmp_path / f"{job.name}.timer").write_text(timer(job))
    units = [str(tmp_path / f"{job.name}.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", *units],
        env=environment() | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert job.name not in done.stderr, done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("every", INTERVALS)
def test_systemd_accepts_the_calendar(every):
    """Two rounds are as far apart as asked for."""
    when = re.search(r"OnCalendar=(.*)", timer(ScheduledJob("/a", ("/m",), every)))[1]
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=2", when],
        env=environment() | {"TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_script_installs_both_units(archive, tmp_path):
    """Piped into sh it writes the two files and starts the timer."""
    done = morgue("-C", archive, "schedule", "--systemd", "--every", "30m")
    assert done.returncode == 0, done.stderr
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "systemctl").write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/called\n')
    (tools / "systemctl").chmod(0o755)
    home = {"HOME": str(tmp_path), "PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-e"], input=done.stdout, text=True, env=home, check=True)
    units = sorted((tmp_path / ".config/systemd/user").iterdir())
    assert [unit.suffix for unit in units] == [".service", ".timer"]
    called = (tmp_path / "called").read_text().splitlines()
    assert called == ["--user daemon-reload", f"--user enable --now {units[1].name}"]
    text = units[0].read_text()
    assert f'ReadWritePaths="{str(archive).replace("%", "%%")}"' in text
    assert "OnCalendar=*:0/30" in units[1].read_text()


@pytest.mark.parametrize("folder", AWKWARD)
def test_script_tries_a_notify_command_with_the_limits_of_the_service(folder):
    """It is a comment, of one line, that sh takes as it is meant."""
    job = ScheduledJob(f"/data/{folder}", ("/opt/morgue",), 900, notify="mail -s 'ill: 100%' me@example.org")
    (line,) = (one for one in systemd(job).splitlines() if "systemd-run" in one)
    words = words_of(line.removeprefix("#"))
    limits = {words[n + 1] for n, word in enumerate(words) if word == "-p"}
    assert {"NoNewPrivileges=true", "ProtectSystem=strict"} < limits < set(service(job).splitlines())
    assert words[words.index("/opt/morgue") :] == [
        "/opt/morgue", "-C", job.archive, "health", "--notify", job.notify, "--test",
    ]  # fmt: skip
    assert "systemd-run" not in systemd(ScheduledJob("/data", ("/opt/morgue",), 900))


def test_two_archives_never_share_a_unit():
    """Not even those whose names differ in what a unit's name cannot hold."""
    folders = ["/a/news", "/b/news", "/a news", "/a-news", "/a/ü", "/a/ö", "/" + "x" * 300]
    names = {ScheduledJob(folder, ("/m",), 900).name for folder in folders}
    names.add(ScheduledJob("/a/news", ("/m",), 900, ("paper",)).name)
    assert len(names) == len(folders) + 1
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,240}", name) for name in names)


@pytest.mark.parametrize("path", ["/a\nb", "/both ' and \""])
def test_unquotable_path_is_refused(path):
    """Better no timer than one that crawls elsewhere."""
    with pytest.raises(ConfigError):
        ScheduledJob(path, ("/m",), 900)


@pytest.mark.parametrize(("args", "code"), [(["--every", "7m"], 2), (["--every", "often"], 2), (["nobody"], 8)])
def test_bad_argument_is_refused_with_the_cure(archive, args, code):
    """Say what would be right."""
    done = morgue("-C", archive, "schedule", *args)
    assert done.returncode == code
    assert done.stdout == ""
    assert args[-1] in done.stderr


def test_interval_under_a_minute_is_refused_for_that():
    """It does divide an hour."""
    with pytest.raises(ConfigError, match="--every 5s: is less than a minute"):
        ScheduledJob("/a", ("/m",), 5)


def test_script_without_a_systemd_of_the_user_fails_and_names_cron(tmp_path):
    """As in containers, and on some servers."""
    (tmp_path / "systemctl").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "systemctl").chmod(0o755)
    home = {"HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    script = systemd(ScheduledJob("/a", ("/m",), 900))
    done = subprocess.run(["sh"], input=script, text=True, env=home, check=False, capture_output=True)
    assert (done.returncode, "morgue schedule --cron" in done.stderr) == (1, True)


def test_settings_of_the_command_line_are_in_the_timer(archive):
    """Before the command or after it, as often as they were given; nonsense is refused."""
    done = morgue("-C", archive, "-s", "crawl.delay=3", "schedule", "--cron", "-s", "every.feed='30m'")
    (line,) = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    words = words_of(cron_gives(line))
    assert words[words.index(str(archive)) + 1 :] == [
        "-s", "crawl.delay=3", "-s", "every.feed='30m'", "crawl", "--quiet",
    ]  # fmt: skip
    assert morgue("-C", archive, "schedule", "-s", "crawl.dely=3").returncode == 2


def test_script_for_a_source_has_its_own_unit_name(archive):
    """With a source named, only it is crawled."""
    done = morgue("-C", archive, "schedule", "--systemd", "paper")
    name = re.search(r"user/(\S+)\.timer", done.stdout)[1]
    assert name.startswith("morgue-my-100-archive-paper-")
    assert " crawl --quiet --due paper" in done.stdout
    assert systemd(ScheduledJob(str(archive), ("/m",), 900, ("paper",))).count(name) == done.stdout.count(name)


@pytest.mark.parametrize("source", ["www.paper.example", "http://paper.example/"])
def test_source_that_is_named_by_its_address_has_its_name_in_the_script(archive, source):
    """Two spellings give one unit."""
    by_name = morgue("-C", archive, "schedule", "--systemd", "paper").stdout
    assert morgue("-C", archive, "schedule", "--systemd", source, "paper").stdout == by_name


@pytest.mark.parametrize("folder", ["/a\\", "/a b\\", "/a\\\\", '/a "b\\'])
def test_no_backslash_comes_before_a_quote_in_a_list_of_paths(folder):
    """Nor at the end of a line, where it would join the next one."""
    (line,) = [line for line in service(ScheduledJob(folder, ("/m",), 900)).splitlines() if "ReadWritePaths=" in line]
    assert not re.search(r"\\[\"']?$", line), line
    assert f"{folder}/" in line


def test_unit_for_failures_is_in_the_service_or_its_place_is_named():
    """systemd starts it after a run that failed."""
    job = ScheduledJob("/data/a", ("/opt/morgue",), 900, on_failure="morgue-failed@%N.service")
    assert "[Unit]\nDescription=Newsmorgue crawl of /data/a\nOnFailure=morgue-failed@%N.service\n" in service(job)
    assert "\n#OnFailure=" in service(ScheduledJob("/data/a", ("/opt/morgue",), 900))
    with pytest.raises(ConfigError, match="not the name of a unit"):
        ScheduledJob("/data/a", ("/opt/morgue",), 900, on_failure="mail me")


def test_notify_is_a_word_of_the_command():
    """Quoted for each of both, with the signs that cron and systemd take for their own."""
    job = ScheduledJob("/data/a", ("/opt/morgue",), 900, notify="mail -s '50% $x' desk")
    assert """crawl --quiet --notify "mail -s '50%% $$x' desk"\n""" in service(job)
    assert job.arguments[-2:] == ["--notify", "mail -s '50% $x' desk"]


def test_command_of_notify_gets_its_whole_path(tmp_path, monkeypatch):
    """Take into account that a timer has another current folder, and another PATH."""
    script = tmp_path / "tell me.sh"
    script.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert from_any_folder("'./tell me.sh' --to 'the desk'") == f"'{script}' --to 'the desk'"
    assert from_any_folder("'tell me.sh'") == f"'{script}'"
    assert from_any_folder("https://chat.example/hook") == "https://chat.example/hook"


def test_fleet_with_a_bucket_is_crawled_on_workers_with_its_keys(tmp_path):
    """Pass the address on, and say in both texts where the keys go; an archive has no workers."""
    fleet = make_archive(tmp_path / "fleet", "--shards=2")
    words = ("schedule", "--on", "tcp://127.0.0.1:8786", "-s", "storage.bucket='s3://news/fleet'")
    unit, line = (morgue("-C", fleet, *words, form).stdout for form in ("--systemd", "--cron"))
    assert "crawl --quiet --on tcp://127.0.0.1:8786\n" in unit
    assert line.endswith("crawl --quiet --on tcp://127.0.0.1:8786\n")
    assert "\n#EnvironmentFile=" in unit
    assert "AWS_SECRET_ACCESS_KEY=" in line
    assert "AWS_" not in morgue("-C", fleet, "schedule", "--systemd").stdout
    refused = morgue("-C", make_archive(tmp_path / "archive"), *words)
    assert (refused.returncode, "is for a fleet" in refused.stderr) == (2, True)
