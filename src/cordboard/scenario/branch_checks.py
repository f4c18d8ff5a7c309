"""Checks of branches that run side by side: where each goes, where it ends, whom it meets."""

from collections.abc import Collection, Iterable, Mapping

Cords = Mapping[str, Mapping[str, str]]
"""Step → exit → the step behind it."""
MAIN = ("", "")


def territories(entries: Iterable[str], cords: Cords, rows: Mapping[str, Collection[str]], ends: Collection[str]) -> (
    dict[tuple[str, str], set[str]]
):  # fmt: skip
    """The steps of each branch, by (step that divides, slug); those outside of all branches under `MAIN`.

    `rows` has the exits that begin branches, for each step that divides; `ends` the steps at which a branch ends.
    """
    found: dict[tuple[str, str], set[str]] = {}
    waiting = [(MAIN, [name for name in entries if name in cords])]
    while waiting:
        branch, ahead = waiting.pop()
        here = found.setdefault(branch, set())
        while ahead:
            name = ahead.pop()
            if name in here or name not in cords:
                continue
            here.add(name)
            if name in ends:
                continue
            for exit_, target in cords[name].items():
                if exit_ not in rows.get(name, ()):
                    ahead.append(target)
                elif (name, exit_) not in found:
                    found[name, exit_] = set()
                    waiting.append(((name, exit_), [target]))
    return found


def lost_ends(branches: Mapping[tuple[str, str], set[str]], ends: Collection[str]) -> list[str]:
    """The ends to which one comes outside of any branch."""
    return sorted(branches.get(MAIN, set()).intersection(ends))


def meetings(
    branches: Mapping[tuple[str, str], set[str]], cords: Cords, shared: Collection[str]
) -> dict[str, list[str]]:
    """The steps at which a branch meets another, or the way outside; with the slugs of those that meet there.

    `shared` may stand in several: ends of branches, and steps behind which nothing comes.
    """
    inside: dict[str, set[tuple[str, str]]] = {}
    for branch, steps in branches.items():
        for name in steps:
            inside.setdefault(name, set()).add(branch)
    before: dict[str, list[str]] = {}
    for name, exits in cords.items():
        for target in exits.values():
            before.setdefault(target, []).append(name)
    met = {}
    for name, owners in inside.items():
        already = any(inside.get(earlier) == owners for earlier in before.get(name, []) if earlier != name)
        if len(owners) > 1 and name not in shared and not already:
            met[name] = sorted(slug or "the way outside" for _, slug in owners)
    return met
