"""Name the files of exports, and refuse a name that says of a file what is not so.

A format declares the suffix of its files. It may also declare `other_suffixes`, which fit as well; `refused_suffixes`,
by which other programs would take its file for something else; and `compressed = True`, if nothing compresses it again.
"""

from __future__ import annotations

from pathlib import Path

from exports import (
    AnyFormat,
    ArticleFormat,
    CaptureFormat,
    format_names,
    is_capture_format,
    is_folder_format,
    is_subset_format,
    load_format,
)
from pipelines.core.errors import ConfigError

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}  # of the file, by the end of its name
OTHER_COMPRESSIONS = (".bz2", ".xz", ".zip", ".tgz", ".7z", ".lz4", ".br", ".z")  # which readers expect by these ends


def compression_of(form: ArticleFormat | CaptureFormat, out: Path) -> str | None:
    """Return how a file is to be compressed, by its name; None: not, or by the format itself, as `.warc.gz`."""
    end = _divided(out.name)[1]
    return None if form.suffix.endswith(end) else COMPRESSIONS.get(end)


def manifest_path(out: Path) -> Path:
    """Return the path of the manifest of `out`."""
    return out.with_name(out.name + ".manifest.json")


def path_of_split(form: ArticleFormat, out: Path, split: str) -> Path:
    """Return the path of a split: `corpus-train.jsonl.gz` for `corpus.jsonl.gz`. "" is no split."""
    bare, _ = _divided(out.name)
    suffix = Path(bare).suffix
    if suffix.lower() in _fitting(form):
        bare = bare.removesuffix(suffix)
    return out.with_name(f"{bare}-{split}{out.name[len(bare) :]}") if split else out


def stem(form: CaptureFormat, out: Path) -> str:
    """Return the name of a file without the suffix of its format, as far as it has that suffix."""
    return out.name.removesuffix(".gz").removesuffix(form.suffix.removesuffix(".gz"))


def check_name(form: AnyFormat, out: Path) -> None:
    """Check that a name does not contradict the format. Raises ConfigError, which says what to type."""
    if is_folder_format(form) or is_subset_format(form):
        _check_folder_name(form, out)
    elif is_capture_format(form):
        _check_capture_name(form, out)
    else:
        _check_article_name(form, out)


def _check_article_name(form: AnyFormat, out: Path) -> None:
    bare, end = _divided(out.name)
    suffix = Path(bare).suffix.lower()
    cure = f"call it {_renamed(form, out)}"
    if end and getattr(form, "compressed", False):
        raise ConfigError(str(out), f"{form.name} is compressed inside, and its readers expect no {end}", cure)
    if end and end not in COMPRESSIONS:
        raise ConfigError(str(out), f"a file can be compressed as .gz or .zst, not as {end}", f"{cure}.gz")
    if suffix in _fitting(form):
        return
    owners = _formats_of(suffix)
    if owners or suffix in getattr(form, "refused_suffixes", ()):
        also = f", or export {' or '.join(owners)}" if owners else ""
        raise ConfigError(str(out), f"ends in {suffix}, and the file would be {form.name}", cure + also)


def _check_folder_name(form: AnyFormat, out: Path) -> None:
    bare, end = _divided(out.name)
    suffix = end or Path(bare).suffix.lower()
    if end or suffix in getattr(form, "refused_suffixes", ()) or _formats_of(suffix):
        cause = f"{form.name} writes a folder, and {suffix} is the end of a file's name"
        raise ConfigError(str(out), cause, f"name a folder: {_renamed(form, out)}")


def _check_capture_name(form: CaptureFormat, out: Path) -> None:
    """Check that the name has the suffix of the format, by which other programs know it."""
    if not out.name.endswith((form.suffix, f"{form.suffix}.gz")):
        cause = f"the name of a {form.name} file must end in {form.suffix}"
        raise ConfigError(str(out), cause, f"call it {_renamed(form, out).removesuffix(_divided(out.name)[1])}")
    if out.name.endswith(f"{form.suffix}.gz") and getattr(form, "compressed", False):
        raise ConfigError(str(out), "a WACZ file is read in pieces and cannot be compressed", "leave out the .gz")


def _divided(name: str) -> tuple[str, str]:
    """Return a name as what comes before the end that says how it is compressed, and that end in small letters."""
    for end in (*COMPRESSIONS, *OTHER_COMPRESSIONS):
        if name.lower().endswith(end) and len(name) > len(end):
            return name[: -len(end)], end
    return name, ""


def _fitting(form: AnyFormat) -> tuple[str, ...]:
    return ("", form.suffix, *getattr(form, "other_suffixes", ()))


def _formats_of(suffix: str) -> list[str]:
    """Return the formats whose files have a suffix. `.warc` stands for `.warc.gz`."""
    if not suffix:
        return []
    return [name for name in format_names() if _divided(load_format(name).suffix)[0] == suffix]


def _renamed(form: AnyFormat, out: Path) -> str:
    """Return the name that `out` should have: without the suffix of another format, with that of this one."""
    bare, end = _divided(out.name)
    suffix = Path(bare).suffix.lower()
    if suffix in (*_fitting(form), *getattr(form, "refused_suffixes", ())) or _formats_of(suffix):
        bare = Path(bare).stem if suffix else bare
    kept = end in COMPRESSIONS and bool(form.suffix) and not getattr(form, "compressed", False)
    return bare + form.suffix + (end if kept and not form.suffix.endswith(end) else "")
