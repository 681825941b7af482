"""Chains that fall back by symbol, the cross-check beside them, and the newer of two copies."""

import json
from datetime import date
from types import SimpleNamespace

import pytest
from prefect.logging import disable_run_logger
from pydantic import SecretStr
from werkzeug import Request, Response

from alvh_core.errors import AlvhError
from alvh_core.market.simulated import SimulatedMarket
from alvh_core.schemas import CROSS_CHECK, META_PAYLOADS, META_QUARANTINE, META_VALIDATIONS
from alvh_core.universe import DEFAULT_UNIVERSE
from tasks.cross_check import SAMPLE, cross_check
from tasks.lake.raw import RawArchive
from tasks.lake.tables import LakeTables
from tasks.land import fetch, land, outcome
from tasks.sources import massive, tradier
from tasks.sources.catalogue import NIGHT_DATASETS, PUBLISHERS, PayloadRequest, night_requests
from tasks.sources.client import HttpClient
from tasks.sources.decode import decode_chains
from tasks.sources.exchange import early_closes
from tasks.sources.keys import HostKey
from tasks.sources.source import CHAIN
from tasks.sources.source import CROSS_CHECK as SAMPLED
from tasks.sources.transport import RecordedTransport, SimulatedTransport, live_transport, session_with

DAY = date(2026, 7, 16)
SMALL = {symbol: DEFAULT_UNIVERSE[symbol] for symbol in ("VIX", "KO")}
CHAINS = {CHAIN, SAMPLED}


@pytest.fixture(scope="module")
def market(calendar):
    return SimulatedMarket(SMALL, calendar.dates, early_closes(calendar))


def night_of(root, transport, calendar, mode="simulated", keys=None):
    session = session_with(transport)
    session.trust_env = False
    return SimpleNamespace(
        archive=RawArchive(root / "raw", mode, DAY), source_mode=mode, universe=SMALL, calendar=calendar,
        client=HttpClient(session, mode, user_agent="test", keys=keys), session=calendar.session(DAY), trade_date=DAY,
        lake=LakeTables(root / "lake", mode, DAY), shard="",
    )  # fmt: skip


class Dead(SimulatedTransport):
    """A market some of whose publishers do not answer."""

    def __init__(self, market, *hosts):
        super().__init__(market, DAY)
        self._hosts = hosts

    def answer(self, url):
        return (403, b"AccessDenied", {}) if any(host in url for host in self._hosts) else super().answer(url)


def landings_of(night):
    found = []
    for request in (r for r in night_requests(SMALL, DAY) if r.dataset in CHAINS):
        with disable_run_logger():
            try:
                found.append(land.fn(night, request))
            except AlvhError as error:
                found.append(outcome(request, error))
    return found


def checked(night, landings):
    with disable_run_logger():
        cross_check.fn(night, landings)
    return night.lake.read(CROSS_CHECK).set_index("symbol")


@pytest.fixture(autouse=True)
def _second_try(monkeypatch):
    monkeypatch.setenv("PREFECT__RUNTIME__TASK_RUN__RUN_COUNT", "2")


@pytest.mark.parametrize(("dead", "of_vix", "of_shares"), [
    pytest.param((), "exclusive_listing", "cboe_delayed(unknown)", id="Cboe alone lists VIX"),
    (("cdn-api.cboe.com",), "exclusive_listing", "cboe_delayed(unknown)"), (("cboe.com",), "nbbo", "nbbo"),
    (("cboe.com", "tradier.com"), "nbbo", "nbbo"), (("cboe.com", "tradier.com", "massive.com"), "schwab", "schwab"),
])  # fmt: skip
def test_a_chain_comes_from_the_first_that_has_it(dead, of_vix, of_shares, market, calendar, tmp_path):
    night = night_of(tmp_path, Dead(market, *dead), calendar)
    landings = [x for x in landings_of(night) if x.dataset == CHAIN]
    found = decode_chains(landings, night.archive.read, SMALL, night.session, calendar=calendar,
                          source_mode="simulated")  # fmt: skip
    assert [x.reason for x in found.landings] == [None, None]
    scopes = dict(zip(found.snapshots["underlying"], found.snapshots["venue_scope"], strict=True))
    assert scopes == {"VIX": of_vix, "KO": of_shares}
    assert found.snapshots["payload_sha256"].tolist() == [x.payload_sha256 for x in landings]
    replay = night_of(tmp_path / "again", RecordedTransport(tmp_path / "raw", DAY), calendar)
    again = [x for x in landings_of(replay) if x.dataset == CHAIN]
    assert [(x.url, x.payload_sha256) for x in again] == [(x.url, x.payload_sha256) for x in landings]


def test_with_everybody_dead_the_reason_names_all(market, calendar, tmp_path):
    night = night_of(tmp_path, Dead(market, ".com"), calendar)
    lost = next(x for x in landings_of(night) if x.dataset == CHAIN)
    for host in ("cdn-api.cboe.com", "cdn.cboe.com", "api.tradier.com", "api.massive.com", "api.schwabapi.com"):
        assert host in lost.reason


def test_two_feeds_of_one_truth_agree(market, calendar, tmp_path):
    night = night_of(tmp_path, SimulatedTransport(market, DAY), calendar)
    landings = landings_of(night)
    rows = checked(night, landings)
    assert rows["cross_check"].to_dict() == {"VIX": "AGREES", "KO": "AGREES"}
    assert (rows["spread_ratio"] == 1.0).all()
    assert (rows["compared_count"] > 200).all()
    assert set(rows["second_scope"]) == {"nbbo"}
    payloads = night.lake.read(META_PAYLOADS, SAMPLE)
    assert sorted(payloads["symbol"]) == ["KO", "VIX"]
    assert set(payloads["payload_outcome"]) == {"LANDED"}
    assert night.lake.read(META_VALIDATIONS, SAMPLE)["is_success"].all()
    assert night.lake.read(META_QUARANTINE, SAMPLE).empty
    replay = night_of(tmp_path / "again", RecordedTransport(tmp_path / "raw", DAY), calendar)
    assert checked(replay, landings_of(replay)).equals(rows)


def test_where_cboe_is_dead_the_second_feed_is_not_compared_with_itself(market, calendar, tmp_path):
    night = night_of(tmp_path, Dead(market, "cboe.com"), calendar)
    assert set(checked(night, landings_of(night))["cross_check"]) == {"INSUFFICIENT"}


def test_without_the_second_feed_there_are_reasons_and_no_rows(market, calendar, tmp_path):
    night = night_of(tmp_path, Dead(market, "tradier.com"), calendar)
    assert checked(night, landings_of(night)).empty
    payloads = night.lake.read(META_PAYLOADS, SAMPLE)
    assert set(payloads["payload_outcome"]) == {"MISSING"}
    assert payloads["reason"].str.contains("answered 403").all()


def test_a_second_feed_of_another_session_is_lost_with_its_reason(market, calendar, tmp_path):
    class Stale(SimulatedTransport):
        def answer(self, url):
            self._session = date(2026, 7, 14) if "tradier" in url else DAY
            return super().answer(url)

    night = night_of(tmp_path, Stale(market, DAY), calendar)
    assert checked(night, landings_of(night)).empty
    assert night.lake.read(META_PAYLOADS, SAMPLE)["reason"].str.contains("expected quotes of session 2026-07-16").all()


def test_a_night_that_asked_for_none_has_none(market, calendar, tmp_path):
    night = night_of(tmp_path, SimulatedTransport(market, DAY), calendar)
    assert checked(night, [x for x in landings_of(night) if x.dataset == CHAIN]).empty
    assert night.lake.read(META_PAYLOADS, SAMPLE).empty
    asked = {request.dataset for request in night_requests(SMALL, DAY, without=(SAMPLED,))}
    assert SAMPLED not in asked
    assert SAMPLED in NIGHT_DATASETS


# Over real sockets


@pytest.fixture
def live(calendar, tmp_path):
    night = night_of(tmp_path, live_transport(), calendar, "live")
    yield night
    night.client.close()


def copies(httpserver, *bodies):
    """A chain request with a copy at each of several hosts of one publisher."""
    urls = []
    for number, body in enumerate(bodies):
        path = f"/{number}/delayed_quotes/options/_VIX.json"
        httpserver.expect_request(path).respond_with_data(body, 200 if body else 503)
        urls.append(httpserver.url_for(path))
    return PayloadRequest(dataset=CHAIN, symbol="VIX", url=urls[0], fallbacks=tuple(urls[1:]))


@pytest.mark.parametrize(("first", "second", "taken", "asked"), [
    pytest.param("16:15:02", "16:15:02", 0, 1, id="of-the-close-is-enough"),
    pytest.param("14:00:00", "16:15:02", 1, 2, id="the-other-is-newer"),
    pytest.param("14:00:00", "13:00:00", 0, 2, id="the-other-is-older"),
    pytest.param("14:00:00", None, 0, 2, id="the-other-is-down"),
])  # fmt: skip
def test_of_two_copies_the_newer_is_kept(first, second, taken, asked, live, httpserver, chain_body):
    bodies = [chain_body(last_trade_time=f"2026-07-16T{clock}") if clock else b"" for clock in (first, second)]
    request = copies(httpserver, *bodies)
    assert fetch(live, request, is_first_try=True).url == request.urls[taken]
    assert len(httpserver.log) == asked


def test_a_stale_copy_is_left_for_the_other_host(live, httpserver, chain_body):
    request = copies(httpserver, chain_body(last_trade_time="2026-07-14T16:15:02"), chain_body())
    assert fetch(live, request).url == request.urls[1]


def test_an_early_chain_does_not_ask_another_publisher(live, httpserver, chain_body):
    early = chain_body(last_trade_time="2026-07-16T14:00:00")
    request = copies(httpserver, early)
    other = httpserver.url_for("/v1/markets/options/expirations?symbol=VIX")
    both = PayloadRequest(dataset=CHAIN, symbol="VIX", url=request.url, fallbacks=(other,))
    assert fetch(live, both).url == request.url
    assert len(httpserver.log) == 1


def test_tradier_answers_over_a_socket_with_its_key_and_its_headers(market, calendar, tmp_path, httpserver):
    """The wire as it is: a bearer token on every page, JSON asked for, one body in the archive."""
    seen = []

    def answer(request: Request) -> Response:
        seen.append((request.headers.get("Authorization"), request.headers.get("Accept")))
        page = request.path.partition("/markets/")[2]
        body = market.tradier_page(request.args.to_dict() | {"page": page}, DAY)
        return Response(body, headers={"X-Ratelimit-Available": "100"})

    for path in ("/v1/markets/options/expirations", "/v1/markets/options/chains", "/v1/markets/quotes"):
        httpserver.expect_request(path).respond_with_handler(answer)
    keys = {f"127.0.0.1:{httpserver.port}": HostKey(tradier.KEY, SecretStr("planted-token"))}
    night = night_of(tmp_path, live_transport(), calendar, "live", keys)
    bases = {"tradier": f"http://127.0.0.1:{httpserver.port}/v1"}
    off = PUBLISHERS - {"tradier"}
    request = next(
        r for r in night_requests(SMALL, DAY, bases=bases, off=off) if (r.dataset, r.symbol) == (CHAIN, "KO")
    )
    with disable_run_logger():
        landing = land.fn(night, request)
    assert set(seen) == {("Bearer planted-token", "application/json")}
    body = night.archive.read(landing.url)
    assert len(json.loads(body)["pages"]) == len(seen) > 5
    assert b"planted" not in body
    assert "planted" not in landing.url
    night.client.close()


def test_without_its_key_a_source_is_passed_over_and_says_so(calendar, tmp_path):
    night = night_of(tmp_path, live_transport(), calendar, "live", {"127.0.0.1:9": HostKey(massive.KEY, None)})
    url = "http://127.0.0.1:9/v3/snapshot/options/KO?limit=250"
    with pytest.raises(AlvhError, match="answers only with a key, and ALVH_MASSIVE_KEY is not set"):
        fetch(night, PayloadRequest(dataset=CHAIN, symbol="KO", url=url))
