"""Forms on the screens of users: what dialog scenarios ask, and the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from fastapi import APIRouter, HTTPException

from cordboard.api.access import Access
from cordboard.office.screens import FormError, PendingForm

Json = dict[str, Any]


class Forms(Protocol):
    """What is asked of the office's screens."""

    def of(self, user: str) -> Sequence[PendingForm]:
        """The forms that wait for a user, the oldest first."""

    def submit(self, user: str, form_id: str, values: Mapping[str, str]) -> None:
        """Take what a user has written. Raises FormError, and LookupError if he has no such form (any more)."""

    def close(self, user: str, form_id: str) -> None:
        """The user closed the form. Raises LookupError if he has no such form (any more)."""


def routes(forms: Forms, access: Access) -> APIRouter:
    """The routes under /api/screens."""
    router = APIRouter(prefix="/api/screens", dependencies=[access.to("screens")])

    @router.get("/{user}")
    async def waiting(user: str) -> list[Json]:
        return [{"id": each.id} | asdict(each.form) for each in forms.of(user)]

    @router.post("/{user}/{form_id}", status_code=204)
    async def submit(user: str, form_id: str, values: dict[str, str]) -> None:
        try:
            forms.submit(user, form_id, values)
        except FormError as fault:
            raise HTTPException(422, dict(fault.faults)) from fault
        except LookupError as fault:
            raise HTTPException(404, str(fault)) from fault

    @router.delete("/{user}/{form_id}", status_code=204)
    async def close(user: str, form_id: str) -> None:
        try:
            forms.close(user, form_id)
        except LookupError as fault:
            raise HTTPException(404, str(fault)) from fault

    return router
