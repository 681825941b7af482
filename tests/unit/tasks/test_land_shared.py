"""Two datasets, one address: a second feed's chain is a sample for comparison, and a fallback in its turn only."""

import re
from datetime import date

import pytest
from prefect.logging import disable_run_logger
from werkzeug import Response

from alvh_core.errors import RetriableError
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.universe import DEFAULT_UNIVERSE
from flows.wiring import build_night
from tasks.lake.store import StoreError
from tasks.land import land, outcome
from tasks.settings import Settings
from tasks.sources.transport import SimulatedTransport

DAY = date(2026, 7, 16)


@pytest.fixture
def vendors(httpserver, calendar):
    """Both feeds on one local server; `down` answers in place of Cboe."""
    market = SimulatedMarket({"VIX": DEFAULT_UNIVERSE["VIX"]}, calendar.dates)
    transport, state = SimulatedTransport(market, DAY), {"down": None, "asked": []}

    def answer(request):
        state["asked"].append(request.path)
        if request.path.startswith("/cboe/") and state["down"]:
            return Response("", state["down"])
        status, body, _ = transport.answer(request.url)
        return Response(body, status)

    httpserver.expect_request(re.compile(".*")).respond_with_handler(answer)
    return state


@pytest.fixture
def night(httpserver, vendors, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    base = httpserver.url_for("")[:-1]
    bases = {"cboe": f"{base}/cboe", "tradier": f"{base}/tradier"}
    (tmp_path / "vix.toml").write_text('include = ["VIX", "KO"]\n')
    settings = Settings(home=tmp_path, base_urls=bases, tradier_token="x", universe_file=tmp_path / "vix.toml")
    night = build_night(settings, DAY, "live", "run")
    night.client._pacer._gap = 0.0
    return night


def landed(night, dataset, monkeypatch, tries=1):
    monkeypatch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", str(tries))
    request = next(r for r in night.requests if (r.dataset, r.symbol) == (dataset, "VIX"))
    with disable_run_logger():
        return land.fn(night, request)


def test_a_sample_in_the_archive_does_not_pass_for_the_first_feed(vendors, night, monkeypatch):
    """A busy first feed is asked again, although the second's chain lies in the archive by then."""
    vendors["down"] = 503
    with pytest.raises(RetriableError, match="503"):
        landed(night, "option_chain", monkeypatch)
    sample = landed(night, "cross_check", monkeypatch)
    assert "/tradier/" in sample.url
    vendors["down"] = None
    assert "/cboe/" in landed(night, "option_chain", monkeypatch, tries=2).url


def test_in_its_turn_it_is_taken_and_not_asked_for_twice(vendors, night, monkeypatch):
    sample = landed(night, "cross_check", monkeypatch)
    vendors["down"], vendors["asked"] = 403, []
    chain = landed(night, "option_chain", monkeypatch)
    assert (chain.url, chain.payload_sha256) == (sample.url, sample.payload_sha256)
    assert [path for path in vendors["asked"] if path.startswith("/tradier/")] == []


def test_a_full_disk_is_no_missing_payload(night):
    """Else the night would be published without what did not fit."""
    request = night.requests[0]
    with pytest.raises(StoreError, match="no room"):
        outcome(request, StoreError("no room"))
    assert outcome(request, RetriableError("503")).reason == "503"
