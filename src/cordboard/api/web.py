"""The web server: health, metrics, live calls, and the routes handed in."""

from collections.abc import Iterable
from dataclasses import asdict
from ipaddress import ip_address
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cordboard import __version__
from cordboard.api.access import Access, address_of, session_of
from cordboard.api.limits import BodyLimit
from cordboard.api.ports import Insight
from cordboard.telephony import LegRecord

LIVE = "live"
_HERE = ("localhost", "127.0.0.1", "[::1]")
OPENAPI = "/api/v1/openapi.json"
"""Where the document of the whole API stands; it tells nothing of the office, so it asks for no token."""


def build(insight: Insight, *routers: APIRouter, access: Access, names: Iterable[str] = ()) -> FastAPI:
    """The application. It answers only when it is addressed as this machine or by one of its `names`.

    So no page elsewhere can read it under a name of its own. To programs of this machine it tells its health, figures
    and calls without a token.
    """
    app = FastAPI(title="Cordboard", version=__version__, docs_url=None, redoc_url=None, openapi_url=OPENAPI)
    app.add_middleware(BodyLimit)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*_HERE, *names], www_redirect=False)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(insight))

    async def here_or_token(request: Request, authorization: Annotated[str, Header()] = "") -> None:
        if not _is_here(request):
            plain = authorization.partition(" ")[2].strip() or session_of(request)
            await access.holder(plain, LIVE, address=address_of(request))

    here = [Depends(here_or_token)]

    @app.get("/health")
    async def health(request: Request, response: Response) -> dict[str, Any]:
        state = dict(insight.health())
        response.status_code = 200 if state.get("ok") else 503
        return state if _is_here(request) else {"ok": state.get("ok", False)}

    @app.get("/metrics", dependencies=here)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/calls", dependencies=here)
    async def calls() -> list[dict[str, Any]]:
        return chains(insight)

    for router in routers:
        app.include_router(router)
    return app


def _is_here(request: Request) -> bool:
    """Whether a program of this machine asks, and not through a proxy that stands for somebody else."""
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    return host in _HERE and ip_address(address_of(request) or "::").is_loopback


def chains(insight: Insight) -> list[dict[str, Any]]:
    """The live calls: legs and runs under the chain that they share, oldest first."""
    found: dict[str, dict[str, Any]] = {}
    for leg in sorted(insight.live_legs(), key=lambda leg: leg.started):
        found.setdefault(leg.chain, {"chain": leg.chain, "legs": [], "runs": []})["legs"].append(_leg(leg))
    for run in insight.live_runs():
        found.setdefault(run["chain"], {"chain": run["chain"], "legs": [], "runs": []})["runs"].append(dict(run))
    return list(found.values())


def _leg(leg: LegRecord) -> dict[str, Any]:
    return {key: value for key, value in asdict(leg).items() if key != "chain"}


class _Figures:
    """The exchange's figures in the form that Prometheus collects."""

    def __init__(self, insight: Insight) -> None:
        self._insight = insight

    def collect(self) -> Iterable[Metric]:
        for name, value in self._insight.counters().items():
            yield CounterMetricFamily(f"cordboard_{name}", name.replace("_", " "), value=value)
        for name, value in self._insight.gauges().items():
            yield GaugeMetricFamily(f"cordboard_{name}", name.replace("_", " "), value=value)
