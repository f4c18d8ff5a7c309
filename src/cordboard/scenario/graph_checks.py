"""Questions about a graph of steps, answered without recursion: a scenario may have a thousand steps in a row."""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence


def unreachable(entries: Iterable[str], targets: Mapping[str, Sequence[str]]) -> list[str]:
    """The steps to which no path leads from the entries."""
    seen: set[str] = set()
    ahead = [name for name in entries if name in targets]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += [target for target in targets[name] if target in targets]
    return [name for name in targets if name not in seen]


def loops_without_waiting(targets: Mapping[str, Sequence[str]], quick: Collection[str]) -> list[list[str]]:
    """One loop through `quick` steps alone for each knot of them, each beginning with its earliest step."""
    order = {name: place for place, name in enumerate(targets)}
    state: dict[str, int] = {}
    loops: list[list[str]] = []
    taken: set[str] = set()
    for root in targets:
        if root not in quick or root in state:
            continue
        path = [root]
        ways = [iter(targets[root])]
        state[root] = 1
        while path:
            target = next(ways[-1], None)
            if target is None:
                state[path.pop()] = 2
                ways.pop()
            elif target not in quick or target not in targets:
                continue
            elif state.get(target) == 1:
                loop = path[path.index(target) :]
                if not taken.intersection(loop):
                    first = loop.index(min(loop, key=order.__getitem__))
                    loops.append(loop[first:] + loop[:first])
                taken.update(loop)
            elif target not in state:
                state[target] = 1
                path.append(target)
                ways.append(iter(targets[target]))
    return loops


def closest(word: str, possible: Iterable[str]) -> str:
    """A hint that names what was probably meant; empty if nothing is near."""
    near = difflib.get_close_matches(word[:60], [str(name) for name in possible][:2000], n=1)
    return f"did you mean {near[0]!r}?" if near else ""
