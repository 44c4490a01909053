"""Test the law of imports between sub-packages. Imports in functions, for type checkers and strings all count."""

from __future__ import annotations

from tests.support.imports import MODULES, TOP_LEVEL, module_named, modules_used, name_of, names_used, package_of

P, C = "pipelines.", "crawler."
CORE = {P + "core"}
FIVE = CORE | {P + "fleet", P + "warc", P + "bucket", P + "database", P + "extraction", P + "archive"}
WORK = FIVE | {P + "session", P + "takedown"}
# A package may import only packages above it in this table. What is not in it may import anything.
MAY_IMPORT: dict[str, set[str]] = {
    P + "core": set(),
    P + "clusters": CORE,
    P + "fleet": CORE,
    P + "warc": CORE,
    P + "bucket": CORE | {P + "warc"},
    P + "extraction": CORE,
    P + "database": CORE | {P + "clusters", P + "extraction", P + "fleet"},
    P + "archive": FIVE,
    P + "session": FIVE,
    P + "takedown": FIVE,
    P + "selection": FIVE,
    P + "verification": FIVE,
    P + "rebuild": WORK,
    P + "importing": WORK,
    "exports": FIVE | {P + "selection"},
    C + "work": CORE | {"exports"},
    C + "schedule": CORE,
    C + "config": CORE | {P + "bucket", P + "extraction", P + "fleet", C + "schedule"},
    C + "discovery": CORE | {P + "extraction"},
    C + "http": WORK,
    C + "frontier": WORK | {C + "config", C + "discovery", C + "schedule"},
    C + "middleware": WORK | {C + name for name in ("config", "discovery", "schedule", "frontier", "http")},
    C + "parts": WORK | {C + name for name in ("config", "discovery", "schedule", "frontier", "http", "middleware")},
    C + "onboarding": WORK | {C + "config", C + "discovery", C + "http", C + "middleware"},
    C + "engine": WORK
    | {
        P + "importing",
        *(
            C + name
            for name in ("config", "discovery", "schedule", "frontier", "http", "middleware", "onboarding", "work")
        ),
    },
    C + "fleet": WORK | {C + "config"},
    C + "health": WORK | {C + name for name in ("config", "http", "middleware", "engine")},
    C + "watch": WORK | {C + name for name in ("config", "schedule", "frontier", "http", "engine", "health")},
    C + "spiders": WORK
    | {C + name for name in ("discovery", "schedule", "frontier", "http", "middleware", "parts", "engine")},
}
ANYTHING = {C + "cli", C + "commands", C + "settings", C + "__main__"}
MOST_FILES = 17  # unlike files in one folder, its __init__ included
REGISTRIES = {C + "commands", "exports.formats"}  # like files: one per command or format, found by its name


def test_sub_packages_import_only_what_the_law_allows():
    """Imports in functions and dotted strings count, too."""
    broken = []
    for module, path in MODULES.items():
        here = package_of(module)
        if here not in MAY_IMPORT:
            continue
        for line, name in names_used(path):
            there = package_of(module_named(name)) if module_named(name) else here
            if there not in (here, "crawler", "pipelines") and there not in MAY_IMPORT[here]:
                broken.append(f"{name_of(path)}:{line} {here} -> {there} ({name})")
    assert not broken, "\n".join(broken)


def test_law_names_every_package():
    """A new package needs a line in the table: it must be decided what it may import."""
    packages = {package_of(module) for module in MODULES} - {*TOP_LEVEL} | {"exports"}
    assert packages == MAY_IMPORT.keys() | ANYTHING


def test_law_has_no_cycle():
    """Each package may import only packages above it in the table."""
    seen: set[str] = set()
    for here, allowed in MAY_IMPORT.items():
        assert allowed - {here} <= seen, (here, allowed - seen)
        seen.add(here)


def test_no_command_imports_another_command():
    """What two commands share lives in a package, not in the command that needed it first."""
    broken = [
        f"{name_of(path)}:{line} {name}"
        for module, path in MODULES.items()
        for line, name in names_used(path)
        if module.startswith(C + "commands.") and name.startswith(C + "commands.")
    ]
    assert not broken, "\n".join(broken)


def test_command_line_is_imported_by_no_command():
    """`crawler.cli.main` finds the commands by their names; nothing below it imports it, and it alone names them."""
    main, commands = C + "cli.main", C + "commands"
    used = {
        module: {module_named(name) for _, name in names_used(path)}
        for module, path in MODULES.items()
        if package_of(module) in (C + "cli", commands)
    }
    assert [module for module, names in used.items() if main in names] == []
    users = {
        module: {name for name in names if package_of(name) == commands}
        for module, names in used.items()
        if package_of(module) == C + "cli"
    }
    assert {module: names for module, names in users.items() if names} == {main: {commands}}


def test_modules_have_no_import_cycle():
    """Modules have an order in which they can be read: imports in functions count, too."""
    used = {module: sorted(modules_used(module)) for module in MODULES}
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join([*above[above.index(module) :], module])
        if module not in done:
            for other in used[module]:
                visit(other, (*above, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


def test_folders_stay_small():
    """A newcomer can take in seventeen unlike files; a folder that outgrows that holds two things."""
    counts: dict[str, int] = {}
    for path in MODULES.values():
        folder = name_of(path).rpartition(".")[0] if path.stem != "__init__" else name_of(path)
        counts[folder] = counts.get(folder, 0) + (folder not in REGISTRIES)
    assert [(folder, count) for folder, count in counts.items() if count > MOST_FILES] == []
