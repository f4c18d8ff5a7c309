"""A desk with phones: one user agent and one media worker for all of them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from cordboard.media.api import MediaServer
from cordboard.media.client import start_worker
from cordboard.phone.call import Call, Ears
from cordboard.sip.agent import Agent
from cordboard.sip.api import Address, Credentials, Identity, IncomingSession

Taker = Callable[[Call], Awaitable[None]]
"""Takes a call that came in; the call goes on when it returns."""


_HINTS = {
    401: "there is no such account, or its password is wrong",
    403: "there is no such account, or its password is wrong",
    408: "nobody answers there; is the exchange running",
    503: "is the address right, and is the exchange running",
}


class RefusedError(Exception):
    """The exchange did not let the phone sign in; the message has its words."""


class Desk:
    """Where phones stand. Made by `open_desk`."""

    def __init__(self, listen: Address, media: MediaServer, folder: Path) -> None:
        self.agent = Agent([listen], on_invite=self._invited, user_agent="Cordboard scripted phone")
        self.folder = folder
        self._host = listen.host
        self._media = media
        self._phones: dict[str, Phone] = {}
        self._anybody: Taker | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = count(1)

    @property
    def address(self) -> Address:
        """Where the desk is."""
        return self.agent.addresses[0]

    def phone(self, account: str, password: str, server: Address, *, taker: Taker | None = None) -> "Phone":
        """A phone of its own. Calls to it are handed to `taker`, or wait in `incoming`."""
        phone = Phone(self, account, password, server, taker)
        self._phones[phone.token] = phone
        return phone

    def answer_anybody(self, taker: Taker) -> None:
        """Take the calls to numbers that are no phone's here: the desk plays the outside world."""
        self._anybody = taker

    async def dial(
        self,
        uri: str,
        *,
        via: Address,
        caller: Identity,
        called: Identity | None = None,
        credentials: Credentials | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        """Call. Returns at once; wait with the call's own methods."""
        call = await self._new_call()
        call.caller, call.called = caller, called or Identity("")
        call.session = self.agent.invite(
            uri,
            Ears(call),
            caller=caller,
            called=called,
            offer=call.offer(),
            via=via,
            credentials=credentials,
            headers=headers,
        )
        return call

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something as long as the desk stands."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Cut all calls off."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.agent.close()
        await self._media.close()

    async def _new_call(self) -> Call:
        number = next(self._numbers)
        late = _LateHandler()
        stream = await self._media.open(late, host=self._host)
        call = Call(stream, self._host, self.folder / f"call-{number}.wav", self.own)
        late.call = call
        return call

    async def _invited(self, session: IncomingSession) -> None:
        phone = self._phones.get(session.uri.user)
        taker = phone.take if phone else self._anybody
        if taker is None:
            session.refuse(404, "Not Found")
            return
        call = await self._new_call()
        call.session, call.caller, call.called = session, session.caller, session.uri
        session.begin(Ears(call))
        await taker(call)


class _LateHandler:
    """The stream is opened before its call can be made. Implements media.api.StreamHandler."""

    call: Call

    def key_pressed(self, key: str, duration: float) -> None:
        self.call.key_pressed(key, duration)

    def lost(self) -> None:
        self.call.lost()


class Phone:
    """One phone that signs in with an account."""

    def __init__(self, desk: Desk, account: str, password: str, server: Address, taker: Taker | None) -> None:
        self.account = account
        self.token = f"{account}-{id(self):x}"
        """The user part of its Contact, by which calls to it are known."""
        self.incoming: asyncio.Queue[Call] = asyncio.Queue()
        """Calls that came in, if nobody takes them."""
        self._desk = desk
        self._credentials = Credentials(account, password)
        self._server = server
        self._taker = taker

    async def register(self, expires: int = 300) -> None:
        """Sign in. Raises RefusedError."""
        address = self._desk.address
        contact = f"<sip:{self.token}@{address.host}:{address.port};transport={address.transport}>"
        reply = await self._desk.agent.request(
            "REGISTER",
            f"sip:{self._server.host}:{self._server.port}",
            caller=Identity(self.account, self._server.host),
            via=self._server,
            credentials=self._credentials,
            headers={"Contact": contact, "Expires": str(expires)},
            call_id=f"register-{self.token}",
        )
        if reply.status != 200:
            hint = _HINTS.get(reply.status, "its log may say why")
            raise RefusedError(
                f"{self.account} could not sign in at {self._server}: {reply.status} {reply.phrase}: {hint}."
            )

    async def unregister(self) -> None:
        """Sign out."""
        await self.register(0)

    async def dial(self, number: str, *, replaces: str = "") -> Call:
        """Call a number. Returns at once; wait with the call's own methods.

        `replaces` names the dialog whose place it wants, as the header is written (RFC 3891).
        """
        server = self._server
        return await self._desk.dial(
            f"sip:{number}@{server.host}:{server.port};transport={server.transport}",
            via=server,
            caller=Identity(self.account, server.host),
            called=Identity(number, server.host),
            credentials=self._credentials,
            headers={"Replaces": replaces, "Require": "replaces"} if replaces else None,
        )

    async def take(self, call: Call) -> None:
        """A call came in."""
        if self._taker is not None:
            await self._taker(call)
        else:
            call.ring()
            self.incoming.put_nowait(call)


@asynccontextmanager
async def open_desk(
    listen: Address = Address("udp", "127.0.0.1", 0),  # noqa: B008  (frozen)
    *,
    rtp_ports: range = range(30000, 32000),
    folder: Path | None = None,
) -> AsyncIterator[Desk]:
    """A desk for as long as the context lasts. What its calls hear is recorded in `folder`."""
    with tempfile.TemporaryDirectory(prefix="cordboard-phone-") as temporary:
        desk = Desk(listen, await start_worker(rtp_ports=rtp_ports), folder or Path(temporary))
        try:
            await desk.agent.start()
            yield desk
        finally:
            await desk.close()
