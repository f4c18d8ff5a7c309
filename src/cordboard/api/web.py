"""The web server: health, metrics, live calls, and the routes handed in. Loopback only until there is a sign-in."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.middleware.trustedhost import TrustedHostMiddleware

from cordboard import __version__
from cordboard.api.limits import BodyLimit
from cordboard.api.ports import Insight
from cordboard.telephony import LegRecord

OPENAPI = "/api/v1/openapi.json"
"""Where the document of the whole API stands; it tells nothing of the office, so it asks for no token."""


def build(insight: Insight, *routers: APIRouter) -> FastAPI:
    """The application. It answers only when it is addressed as this machine, so no page elsewhere can read it."""
    app = FastAPI(title="Cordboard", version=__version__, docs_url=None, redoc_url=None, openapi_url=OPENAPI)
    app.add_middleware(BodyLimit)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]"], www_redirect=False)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(insight))

    @app.get("/health")
    async def health(response: Response) -> dict[str, Any]:
        state = dict(insight.health())
        response.status_code = 200 if state.get("ok") else 503
        return state

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/calls")
    async def calls() -> list[dict[str, Any]]:
        return chains(insight)

    for router in routers:
        app.include_router(router)
    return app


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
