"""Write the text for systemd and cron that runs `morgue crawl` regularly. Pure: values in, text out.

Waiting is left to the operating system, which survives reboots, crashes and upgrades, and keeps a log. `crawl` takes
the archive's own lock and returns at once if nothing is due, so the text needs no flock and knows no intervals of
sources.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from hashlib import sha256
from zlib import crc32

from pipelines.core.errors import ConfigError

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 604_800  # seconds
INTERVALS = (  # seconds; those that both cron and systemd's OnCalendar can express
    *(MINUTE * n for n in range(1, 60) if 60 % n == 0),
    *(HOUR * n for n in range(1, 24) if 24 % n == 0),
    DAY,
    WEEK,
)
INTERVAL_CHOICES = "1m, 5m, 10m, 15m, 30m, 1h, 2h, 6h, 12h, 1d, 7d (or another part of an hour or day)"
UNQUOTED_WORD = r"[A-Za-z0-9/._%=+:@-]+"  # a word that needs no quotes in a unit
# systemd.unit(5), "Description", with the specifiers that an instance is named by
UNIT_NAME = r"(?:[A-Za-z0-9:_.@\\-]|%[a-zA-Z])+\.(?:service|target|path|timer)"
# Of the service. Each of them alone already keeps a program from gaining rights in a unit of a user.
NO_RIGHTS = (
    "NoNewPrivileges=true",
    "LockPersonality=true",
    "RestrictRealtime=true",
    "RestrictSUIDSGID=true",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
)
KEYS = (  # of the service of an archive with a bucket
    "# The bucket needs its keys: lines AWS_ACCESS_KEY_ID=... and AWS_SECRET_ACCESS_KEY=... in a file of yours alone,",
    "# unless they are in ~/.aws/credentials.",
    "#EnvironmentFile=%h/.config/morgue.env",
)
MAX_NAME_CHARS = 200  # of a unit; systemd allows 255 with the suffix


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """Hold what is run, and how often."""

    archive: str  # absolute path
    command: tuple[str, ...]  # the command that is morgue itself, by absolute path
    every: int  # seconds, one of INTERVALS
    sources: tuple[str, ...] = ()  # only these; empty: everything that is due
    settings: tuple[str, ...] = ()  # KEY=VALUE, each for an option -s
    on_failure: str = ""  # a unit of systemd that is started after each run that failed
    notify: str = ""  # a command or web address that is told what changes
    on: str = ""  # the Dask scheduler on whose workers a fleet is crawled
    has_bucket: bool = False  # so that the job needs its keys

    def __post_init__(self) -> None:
        """Raise ConfigError for an interval or a path that cron and systemd cannot express."""
        if self.every not in INTERVALS:
            cause = "must divide an hour or a day evenly" if self.every >= MINUTE else "is less than a minute"
            raise ConfigError(f"--every {interval_text(self.every)}", cause, f"say {INTERVAL_CHOICES}")
        for word in (self.archive, *self.command):
            if not word.isprintable() or {"'", '"'} <= set(word):
                cure = "move the archive to a path of plain letters"
                raise ConfigError(word, "systemd and cron cannot express this path", cure)
        if self.on_failure and not re.fullmatch(UNIT_NAME, self.on_failure):
            cure = "say e.g. --on-failure morgue-failed@%N.service (docs/scheduling.md)"
            raise ConfigError(f"--on-failure {self.on_failure}", "is not the name of a unit of systemd", cure)
        if not self.notify.isprintable():
            raise ConfigError("--notify", "cannot be expressed in a timer", "name a script that runs the command")
        for setting in self.settings:
            if not setting.isprintable():
                raise ConfigError(f"-s {setting!r}", "cannot be expressed in a timer", "write it into morgue.toml")

    @property
    def arguments(self) -> list[str]:
        """Return the words of the command line."""
        return [
            *self.command,
            "-C",
            self.archive,
            *(word for setting in self.settings for word in ("-s", setting)),
            "crawl",
            "--quiet",
            *(["--on", self.on] if self.on else []),
            *(["--notify", self.notify] if self.notify else []),
            *(["--due"] if self.sources else []),
            *self.sources,
        ]

    @property
    def name(self) -> str:
        """Return a unit name that no other archive on this machine has, also if their folders have the same name."""
        digest = sha256("\n".join([self.archive, *self.sources]).encode()).hexdigest()[:8]
        words = ["morgue", self.archive.rpartition("/")[2], *self.sources]
        plain = "-".join(re.sub(r"[^A-Za-z0-9._]+", "-", word).strip("-") for word in words)
        return f"{plain[:MAX_NAME_CHARS]}-{digest}"

    @property
    def offset(self) -> int:
        """Return the seconds by which rounds are moved, so that not all archives of the world crawl on the hour."""
        return crc32(self.archive.encode()) % self.every


def cron(job: ScheduledJob) -> str:
    """Return a crontab line with a comment on how to install it."""
    hours, minutes = divmod(job.offset // MINUTE, 60)
    days, hours = divmod(hours, 24)
    if job.every < HOUR:
        step = job.every // MINUTE
        when = f"{minutes}-59/{step} * * * *" if step > 1 else "* * * * *"
    elif job.every < DAY:
        step = job.every // HOUR
        when = f"{minutes} {hours}-23/{step} * * *" if step > 1 else f"{minutes} * * * *"
    else:
        when = f"{minutes} {hours} * * {days if job.every == WEEK else '*'}"
    keys_in_cron = """\
# The bucket needs its keys. Without ~/.aws/credentials, add two lines above this one:
#   AWS_ACCESS_KEY_ID=... and AWS_SECRET_ACCESS_KEY=...
"""
    return f"""\
# Add this line with: crontab -e
# Cron mails what morgue prints; with --quiet that is only what went wrong. To write a log file instead, append
#   >>{cron_word(job.archive + "/crawl.log")} 2>&1
{keys_in_cron if job.has_bucket else ""}{when} {cron_line(job)}
"""


def cron_line(job: ScheduledJob) -> str:
    """Return the command for sh, with the characters escaped that are special to cron."""
    return " ".join(map(cron_word, job.arguments))


def cron_word(word: str) -> str:
    """Quote a word for sh, and escape % for cron, where it ends the command, even in quotes, without a backslash.

    A backslash that belongs to the word must not escape a % that follows, so the quotes close and open between them.
    """
    return shlex.quote(word).replace("\\%", "\\''%").replace("%", "\\%")


def systemd(job: ScheduledJob) -> str:
    """Return a shell script that installs a service and a timer of the user; it contains both unit files."""
    return f"""\
# A timer for your own systemd, without root. Read it, then paste it into a shell, or run: morgue schedule | sh
mkdir -p ~/.config/systemd/user

cat > ~/.config/systemd/user/{job.name}.service <<'UNIT'
{service(job)}UNIT

cat > ~/.config/systemd/user/{job.name}.timer <<'UNIT'
{timer(job)}UNIT

systemctl --user daemon-reload &&
systemctl --user enable --now {job.name}.timer || {{
echo 'The timer was not started. Where no systemd of your own runs, use: morgue schedule --cron' >&2
false; }}
{trial_of_notify(job)}
# Once per machine, so that it also runs while you are logged out:  loginctl enable-linger
# Show the next round:   systemctl --user list-timers {job.name}.timer
# Show what went wrong:  journalctl --user -u {job.name}.service
# Show the last rounds:  morgue log
# Hear when a source falls ill or a run fails: --notify, --on-failure (docs/health.md, docs/scheduling.md)
# Switch it off:         systemctl --user disable --now {job.name}.timer
"""


def service(job: ScheduledJob) -> str:
    """Return the unit that crawls once."""
    words = list(map(unit_word, job.arguments))
    # systemd accepts quotes, backslashes and variables in arguments, but not in the name of a program.
    start = "" if re.fullmatch(UNQUOTED_WORD, job.command[0]) else "/usr/bin/env "
    newline = "\n"
    # A failure of a timer is seen only by those who look.
    hint = "#OnFailure=morgue-failed@%N.service  # what to start then: docs/scheduling.md"
    return f"""\
[Unit]
Description=Newsmorgue crawl of {unit_text(job.archive)}
{f"OnFailure={job.on_failure}" if job.on_failure else hint}

[Service]
Type=oneshot
ExecStart={start}{" ".join(words)}
# 4: another crawl of this archive is running. 130: stopped by systemctl or a shutdown.
SuccessExitStatus=4 130
# On stop only morgue gets the signal. It finishes the requests in flight and then ends its worker processes.
KillMode=mixed
TimeoutStopSec=120
Nice=10
{newline.join((*(KEYS if job.has_bucket else ()), *NO_RIGHTS))}
# It may read everything and write only the archive (where the kernel allows this to services of a user).
{newline.join(own_files(job))}
"""


def own_files(job: ScheduledJob) -> tuple[str, ...]:
    """Return the lines of the unit that say which files it may write."""
    # A private /tmp would hide an archive or a command in the real one.
    elsewhere = any(word.startswith(("/tmp/", "/var/tmp/")) for word in (job.archive, *job.command))  # noqa: S108
    return (
        "ProtectSystem=strict",
        f"ReadWritePaths={path_word(job.archive)}",
        f"PrivateTmp={'false' if elsewhere else 'true'}",
    )


def trial_of_notify(job: ScheduledJob) -> str:
    """Return the lines of the script that say how to try --notify with no more rights than the service has."""
    if not job.notify:
        return ""
    limits = (word for line in (*NO_RIGHTS, *own_files(job)) for word in ("-p", line))
    trial = (*job.command, "-C", job.archive, "health", "--notify", job.notify, "--test")
    return f"""
# Try --notify as the service runs it. It gains no rights: a mail program that runs as another group (Postfix) fails in
# it, though it works in your shell. Then use --on-failure (docs/scheduling.md).
#   {shlex.join(("systemd-run", "--user", "--wait", "--pipe", *limits, *trial))}
"""


def timer(job: ScheduledJob) -> str:
    """Return the unit that starts the service."""
    if job.every < HOUR:
        when = f"*:0/{job.every // MINUTE}"
    elif job.every < DAY:
        when = f"0/{job.every // HOUR}:00"
    else:
        when = "daily" if job.every == DAY else "weekly"
    return f"""\
[Unit]
Description=Newsmorgue crawl of {unit_text(job.archive)}, every {interval_text(job.every)}

[Timer]
OnCalendar={when}
# Spread the load, so that not all archives of the world crawl on the hour.
RandomizedDelaySec={max(job.every // 5, 10)}
# Make up for a round that was due while the machine was off.
Persistent=true

[Install]
WantedBy=timers.target
"""


def unit_word(word: str) -> str:
    """Return a word of an ExecStart line (systemd.service, "Command lines"): C escapes, %% for %, $$ for $."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if re.fullmatch(UNQUOTED_WORD, word) else f'"{escaped}"'


def path_word(word: str) -> str:
    """Return the path of a folder in a list such as ReadWritePaths: quotes, but no escapes, and %% for %."""
    if word.endswith("\\"):
        word += "/"  # otherwise the backslash would come before a quote, which some versions take for an escape
    mark = "'" if '"' in word else '"'
    escaped = word.replace("%", "%%")
    return escaped if re.fullmatch(UNQUOTED_WORD, word) else f"{mark}{escaped}{mark}"


def unit_text(text: str) -> str:
    """Return text for a unit, where % is special and a backslash at the end would join the line with the next one."""
    return text.replace("%", "%%").rstrip("\\")


def interval_text(seconds: int) -> str:
    """Return an interval as people write it, such as "15m"."""
    for unit, sign in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds % unit == 0:
            return f"{seconds // unit}{sign}"
    return f"{seconds}s"
