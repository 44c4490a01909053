"""Text for systemd and cron that runs `morgue crawl` every so often. Pure: values in, text out.

Waiting is the operating system's trade: it survives reboots, crashes and upgrades, and it logs. `crawl` takes
the archive's own lock and returns at once if nothing is due: the lines need no flock and know no intervals.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from hashlib import sha256
from zlib import crc32

from pipelines.core.errors import ConfigError

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86_400, 604_800
INTERVALS = (  # what both cron and a calendar can express
    *(MINUTE * n for n in range(1, 60) if 60 % n == 0),
    *(HOUR * n for n in range(1, 24) if 24 % n == 0),
    DAY,
    WEEK,
)
INTERVAL_CHOICES = "1m, 5m, 10m, 15m, 30m, 1h, 2h, 6h, 12h, 1d, 7d (or another part of an hour or day)"
UNQUOTED_WORD = r"[A-Za-z0-9/._%=+:@-]+"  # words that need no quotes in a unit
MAX_NAME_CHARS = 200  # systemd's limit is 255 with the ending


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """What is to be run, and how often."""

    archive: str  # absolute path
    command: tuple[str, ...]  # of morgue itself, by absolute path
    every: int  # seconds, one of INTERVALS
    sources: tuple[str, ...] = ()  # only these; empty: whatever is due

    def __post_init__(self) -> None:
        """Raises ConfigError for what cron and systemd cannot be told."""
        if self.every not in INTERVALS:
            raise ConfigError(
                f"--every {interval_text(self.every)}",
                "is no interval that a calendar knows",
                f"say {INTERVAL_CHOICES}",
            )
        for word in (self.archive, *self.command):
            if not word.isprintable() or {"'", '"'} <= set(word):
                cure = "move the archive to a path of plain letters"
                raise ConfigError(word, "is a path that systemd and cron cannot be told", cure)

    @property
    def arguments(self) -> list[str]:
        """The command line."""
        return [
            *self.command,
            "-C",
            self.archive,
            "crawl",
            "--quiet",
            *(["--due"] if self.sources else []),
            *self.sources,
        ]

    @property
    def name(self) -> str:
        """A unit name that no other archive on this machine has, whatever its folder is called."""
        digest = sha256("\n".join([self.archive, *self.sources]).encode()).hexdigest()[:8]
        words = ["morgue", self.archive.rpartition("/")[2], *self.sources]
        plain = "-".join(re.sub(r"[^A-Za-z0-9._]+", "-", word).strip("-") for word in words)
        return f"{plain[:MAX_NAME_CHARS]}-{digest}"

    @property
    def offset(self) -> int:
        """Seconds by which its rounds are moved, so that not all the world's archives ask on the hour."""
        return crc32(self.archive.encode()) % self.every


def cron(job: ScheduledJob) -> str:
    """A crontab line, with how to install it."""
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
    return f"""\
# Add this line with: crontab -e
# Cron mails what morgue prints, and with --quiet it prints only what went wrong. For a log instead, append
#   >>{cron_word(job.archive + "/crawl.log")} 2>&1
{when} {cron_line(job)}
"""


def cron_line(job: ScheduledJob) -> str:
    """The command as cron hands it to sh, with what is special to cron kept from it."""
    return " ".join(map(cron_word, job.arguments))


def cron_word(word: str) -> str:
    """Quoted for sh, and % for cron: there it ends the command, even in quotes, unless a backslash precedes.

    A backslash of the word itself must not be taken for that one: quotes close and open again between.
    """
    return shlex.quote(word).replace("\\%", "\\''%").replace("%", "\\%")


def systemd(job: ScheduledJob) -> str:
    """A shell script that installs a user's service and timer: both are in it as they are."""
    return f"""\
# A timer of your own systemd, without root. Read, then paste it into a shell, or: morgue schedule | sh
mkdir -p ~/.config/systemd/user

cat > ~/.config/systemd/user/{job.name}.service <<'UNIT'
{service(job)}UNIT

cat > ~/.config/systemd/user/{job.name}.timer <<'UNIT'
{timer(job)}UNIT

systemctl --user daemon-reload
systemctl --user enable --now {job.name}.timer

# Once for each machine, so that it also runs while you are logged out:  loginctl enable-linger
# When is the next round:   systemctl --user list-timers {job.name}.timer
# What went wrong:          journalctl --user -u {job.name}.service
# Away with it:             systemctl --user disable --now {job.name}.timer
"""


def service(job: ScheduledJob) -> str:
    """The unit that crawls once."""
    words = list(map(unit_word, job.arguments))
    # systemd takes no quotes, backslashes or variables in the name of a program, but in arguments of one.
    start = "" if re.fullmatch(UNQUOTED_WORD, job.command[0]) else "/usr/bin/env "
    # A private /tmp would hide what lies in the real one.
    elsewhere = any(word.startswith(("/tmp/", "/var/tmp/")) for word in (job.archive, *job.command))  # noqa: S108
    return f"""\
[Unit]
Description=Newsmorgue crawl of {unit_text(job.archive)}

[Service]
Type=oneshot
ExecStart={start}{" ".join(words)}
# 4: another crawl is at work on this archive. 130: stopped by systemctl or a shutdown.
SuccessExitStatus=4 130
# On stop only morgue gets the signal; it finishes what is in flight, then its worker processes leave.
KillMode=mixed
TimeoutStopSec=120
Nice=10
NoNewPrivileges=true
LockPersonality=true
RestrictRealtime=true
RestrictSUIDSGID=true
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
# It reads everything and writes nothing but the archive (where the kernel lets a user's services have that).
ProtectSystem=strict
ReadWritePaths={path_word(job.archive)}
PrivateTmp={"false" if elsewhere else "true"}
"""


def timer(job: ScheduledJob) -> str:
    """The unit that starts the service."""
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
# Not all archives of the world on the hour.
RandomizedDelaySec={max(job.every // 5, 10)}
# A round that fell due while the machine was off is made up for.
Persistent=true

[Install]
WantedBy=timers.target
"""


def unit_word(word: str) -> str:
    """One word of an ExecStart line (systemd.service, "Command lines"): C escapes, %% for %, $$ for $."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if re.fullmatch(UNQUOTED_WORD, word) else f'"{escaped}"'


def path_word(word: str) -> str:
    """One path of a list such as ReadWritePaths: quotes, but no escapes, and %% for %."""
    mark = "'" if '"' in word else '"'
    escaped = word.replace("%", "%%")
    return escaped if re.fullmatch(UNQUOTED_WORD, word) else f"{mark}{escaped}{mark}"


def unit_text(text: str) -> str:
    """Text in a unit: % is special, and a backslash at the end of a line would join it with the next."""
    return text.replace("%", "%%").rstrip("\\")


def interval_text(seconds: int) -> str:
    """An interval as people write it."""
    for unit, sign in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds % unit == 0:
            return f"{seconds // unit}{sign}"
    return f"{seconds}s"
