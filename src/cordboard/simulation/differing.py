"""Where two ways through scenarios part."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from cordboard.scenario.said import said


def differences(before: Sequence[Sequence[str]], after: Sequence[Sequence[str]]) -> list[str]:
    """Both ways of each run, line by line: `-` was gone before, `+` is gone now. Empty if they are the same.

    Each run begins with a line that says where its ways part.
    """
    lines: list[str] = []
    for old, new in zip_longest(before, after, fillvalue=()):
        if list(old) == list(new):
            continue
        if lines:
            lines.append("")
        lines.append(_parting(old, new))
        for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag == "equal":
                lines += [f"  {place}" for place in old[a:b]]
            else:
                lines += [f"- {place}" for place in old[a:b]] + [f"+ {place}" for place in new[c:d]]
    return lines


def _parting(old: Sequence[str], new: Sequence[str]) -> str:
    if not old:
        return said("a run that was not there before: {place}", place=new[0].strip())
    if not new:
        return said("a run that is no longer there: {place}", place=old[0].strip())
    index = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    was = old[index].strip() if index < len(old) else said("the end")
    now = new[index].strip() if index < len(new) else said("the end")
    return said("the ways part at step {number}: it was {was}, it is {now}", number=index + 1, was=was, now=now)
