"""How the office is set up, over HTTP: every kind of `office.configuration_parts`, made from its model."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Body, Header, HTTPException, Response
from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue

from cordboard.api.access import Access
from cordboard.office import configuration as office
from cordboard.office.audit import Actor
from cordboard.office.configuration import Configuration, MissingError, StaleError
from cordboard.office.configuration_parts import ConfigurationError, Part
from cordboard.office.repositories import ClashError
from cordboard.office.tokens import ApiToken

READ, WRITE = "office:read", "office:write"
T = TypeVar("T")
Json = dict[str, Any]
Key = str
Match = Annotated[str, Header(description="The ETag that was seen, or * for whatever stands there.")]


class Kind(BaseModel):
    """A kind of things that are set up."""

    kind: str
    key: str
    """The field that names one of them; empty: there is only one."""
    secrets: Sequence[str]
    """Fields that are never shown. Left out, or sent back as they are shown, they stay; empty, they go."""
    schema_: Mapping[str, Any]
    """The fields, as JSON Schema."""


class Refused(BaseModel):
    """Why nothing was changed."""

    detail: str | Sequence[str]


_REFUSALS: dict[int | str, dict[str, Any]] = {
    404: {"model": Refused, "description": "There is none"},
    409: {"model": Refused, "description": "A name or a number is taken, or something hangs on it"},
    412: {"model": Refused, "description": "It has changed since it was looked at"},
    422: {"description": "A sentence for each thing to set right"},
    428: {"model": Refused, "description": "It exists: say by If-Match which state of it you have seen"},
}


class _Of:
    """Stands for plain JSON of which the document tells the schema: what it must be, the office says."""

    def __init__(self, shape: type[BaseModel]) -> None:
        self._shape = shape

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return handler(source)

    def __get_pydantic_json_schema__(self, _schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self._shape.__pydantic_core_schema__)


def routes(configuration: Configuration, access: Access) -> APIRouter:
    """The routes under /api/v1/office."""
    router = APIRouter(prefix="/api/v1/office", tags=["office"])
    reading, writing = access.to(READ), access.to(WRITE)

    @router.get("", dependencies=[reading])
    async def kinds() -> Sequence[Kind]:
        return [
            Kind(
                kind=part.kind,
                key=part.key,
                secrets=list(part.secrets),
                schema_=part.shape.model_json_schema(mode="serialization"),
            )
            for part in configuration.parts.values()
        ]

    for part in configuration.parts.values():
        if part.key:
            _routes_of_many(router, configuration, part, reading, writing)
        else:
            _routes_of_one(router, configuration, part, reading, writing)
    return router


def _routes_of_one(router: APIRouter, configuration: Configuration, part: Part, reading: Any, writing: Any) -> None:
    fields = Annotated[Json, _Of(part.shape)]
    shown, changed = _models(part, fields)

    async def look(response: Response) -> Any:
        return _told(await configuration.one(part.kind), response)

    async def put(
        body: Annotated[fields, Body()],
        response: Response,
        by: Annotated[ApiToken, writing],
        if_match: Match = "",
    ) -> Any:
        return _answer(
            await _changed(configuration.put(part.kind, "", body, _actor(by), accept=_accept(if_match))), response
        )

    name = part.kind
    router.add_api_route(f"/{name}", look, response_model=shown, dependencies=[reading], name=f"look at {name}")
    router.add_api_route(
        f"/{name}", put, methods=["PUT"], response_model=changed, responses=_REFUSALS, name=f"change {name}"
    )


def _routes_of_many(router: APIRouter, configuration: Configuration, part: Part, reading: Any, writing: Any) -> None:
    fields = Annotated[Json, _Of(part.shape)]
    shown, changed = _models(part, fields)
    kind = part.kind

    async def every() -> Any:
        return [_fields(each) for each in await configuration.listed(kind)]

    async def look(key: Key, response: Response) -> Any:
        try:
            return _told(await configuration.one(kind, key), response)
        except MissingError as fault:
            raise HTTPException(404, fault.args[0]) from fault

    async def put(
        key: Key,
        body: Annotated[fields, Body()],
        response: Response,
        by: Annotated[ApiToken, writing],
        if_match: Match = "",
    ) -> Any:
        return _answer(
            await _changed(configuration.put(kind, key, body, _actor(by), accept=_accept(if_match))), response
        )

    async def remove(key: Key, by: Annotated[ApiToken, writing], if_match: Match = "") -> Json:
        accept = _accept(if_match or "*")
        return {"warnings": await _changed(configuration.remove(kind, key, _actor(by), accept=accept))}

    path = f"/{kind}/{{key:path}}"
    there: dict[int | str, dict[str, Any]] = {404: _REFUSALS[404]}
    router.add_api_route(f"/{kind}", every, response_model=list[shown], dependencies=[reading], name=f"list {kind}")  # type: ignore[valid-type]  # made for each kind
    router.add_api_route(
        path, look, response_model=shown, dependencies=[reading], responses=there, name=f"look at one of {kind}"
    )
    router.add_api_route(
        path,
        put,
        methods=["PUT"],
        response_model=changed,
        responses={201: {"model": changed, "description": "Added"}, **_REFUSALS},
        name=f"add or change one of {kind}",
    )
    router.add_api_route(path, remove, methods=["DELETE"], responses=_REFUSALS, name=f"remove one of {kind}")


def _models(part: Part, fields: Any) -> tuple[Any, Any]:
    """What is shown of one, and what is answered to a change."""
    title = "".join(word.capitalize() for word in part.kind.split("_"))
    shown = type(
        f"Shown{title}",
        (BaseModel,),
        {"__annotations__": {"key": str, "etag": str, "item": fields}, "__module__": __name__},
    )
    changed = type(
        f"Changed{title}",
        (shown,),
        {"__annotations__": {"warnings": Sequence[str]}, "__module__": __name__},
    )
    return shown, changed


async def _changed(change: Awaitable[T]) -> T:
    """What came of a change, or the status that says why nothing did."""
    try:
        return await change
    except ConfigurationError as fault:
        raise HTTPException(422, list(fault.faults)) from fault
    except (ClashError, MissingError, StaleError) as fault:
        status = 404 if isinstance(fault, MissingError) else 409
        raise HTTPException(status, str(fault.args[0] if fault.args else fault)) from fault


def _actor(token: ApiToken) -> Actor:
    return Actor(token.name, token.login)


def _answer(changed: office.Changed, response: Response) -> Json:
    response.status_code = 201 if changed.added else 200
    return {**_told(changed.shown, response), "warnings": changed.warnings}


def _accept(if_match: str) -> Callable[[office.Shown | None], None]:
    """Refuses to change what has changed since it was looked at (RFC 9110 §13.1.1, RFC 6585 §3)."""
    seen = {each.strip().removeprefix("W/").strip('"') for each in if_match.split(",") if each.strip()}

    def accept(there: office.Shown | None) -> None:
        if there is None:
            if seen:
                raise HTTPException(412, "it is not there any more")
            return
        if not seen:
            raise HTTPException(428, "there is one already: look at it, and send its ETag as If-Match", _etag(there))
        if "*" not in seen and there.mark not in seen:
            raise HTTPException(412, "somebody has changed it meanwhile: look at it again", _etag(there))

    return accept


def _etag(shown: office.Shown) -> dict[str, str]:
    return {"ETag": f'"{shown.mark}"'}


def _told(shown: office.Shown, response: Response) -> Json:
    response.headers.update(_etag(shown))
    return _fields(shown)


def _fields(shown: office.Shown) -> Json:
    return {"key": shown.key, "etag": f'"{shown.mark}"', "item": shown.fields}
