"""Who is called in a simulation, and what they do."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.script import OTHERS, Behaviour
from cordboard.telephony import LineTarget, PhoneNumber, Target

NamesOf = Callable[[Target], Collection[str]]
"""All names by which the owner of a phone can be called in a script: account, login, internal number."""


class People(dict[Target, FarEnd]):
    """The far ends of a simulated exchange, found by the names that a script gives them.

    Each asking for a far end is a call to it: of several behaviours each serves one call, the last all others.
    """

    def __init__(self, people: Mapping[str, Sequence[Behaviour]], names_of: NamesOf, country: str) -> None:
        super().__init__()
        self.served: list[tuple[Target, str, Behaviour]] = []
        """Who was called: the target, the name in the script, and the behaviour that served the call."""
        self._people = people
        self._names_of = names_of
        self._country = country
        self._numbers = {self._number(name): name for name in people if any(map(str.isdigit, name))}
        self._calls: Counter[str] = Counter()

    def name(self, target: Target) -> str:
        """The name in the script that means `target`; empty if nobody is meant."""
        if isinstance(target, LineTarget):
            found = self._numbers.get(self._number(target.number), "")
        else:
            found = next((name for name in self._names_of(target) if name in self._people), "")
        return found or (OTHERS if OTHERS in self._people else "")

    def is_called(self, target: Target, name: str) -> bool:
        """Whether `name`, in whatever writing, means `target`."""
        if isinstance(target, LineTarget):
            return self._number(target.number) == self._number(name)
        return name in self._names_of(target)

    def __contains__(self, target: object) -> bool:
        return bool(self.name(target))  # type: ignore[arg-type]  # an exchange asks for targets alone

    def __getitem__(self, target: Target) -> FarEnd:
        name = self.name(target)
        behaviours = self._people[name]
        behaviour = behaviours[min(self._calls[name], len(behaviours) - 1)]
        self._calls[name] += 1
        self.served.append((target, name, behaviour))
        return behaviour.far_end

    def _number(self, text: str) -> PhoneNumber:
        return PhoneNumber.parse(text, country=self._country)
