"""What the outbox promises on either engine: with the night or not at all, once, at least once, and never for ever."""

import threading
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa

from alvh_core import frames
from alvh_core.alerting.quiet import WITHDRAWN
from alvh_core.schemas import META_ALERTS, META_DELIVERIES
from tasks.warehouse import outbox
from tasks.warehouse.repository import NightKey, Warehouse
from tasks.warehouse.tables import SQL_TABLES

DAY, NOW = date(2026, 7, 16), datetime(2026, 7, 16, 22, 45, tzinfo=UTC)
ALL = ("INFO", "WARNING", "CRITICAL")
ALERTS, DELIVERIES = SQL_TABLES[META_ALERTS.name], SQL_TABLES[META_DELIVERIES.name]


def alerts(*ids, **values):
    row = {"trade_date": pd.Timestamp(DAY), "source_mode": "live", "alert_rule": "filter_flip", "subject": "VIX calls",
           "turned_to": "FAILS", "alert_severity": "WARNING", "body": "b", "alert_status": "PENDING",
           "created_at_utc": pd.Timestamp(NOW)}  # fmt: skip
    rows = [row | {"alert_id": i, "title": f"title of {i}"} | values for i in ids]
    return frames.conform(pd.DataFrame(rows), META_ALERTS) if rows else frames.empty(META_ALERTS)


class Post:
    """The outbox with a clock of its own."""

    def __init__(self, warehouse):
        self.warehouse, self.now = warehouse, NOW

    def add(self, frame):
        with self.warehouse.writing() as connection:
            outbox.add_alerts(connection, frame)

    def publish(self, frame, day=DAY):
        with self.warehouse.writing() as connection:
            outbox.replace_alerts(connection, frame, day, "live")

    def address(self, **channels):
        with self.warehouse.writing() as connection:
            outbox.address_alerts(connection, channels, self.now)

    def take(self, channel="desk", severities=ALL):
        with self.warehouse.writing() as connection:
            return outbox.take(connection, channel, severities, due_at=self.now, now=self.now)

    def sent(self, messages, channel="desk"):
        with self.warehouse.writing() as connection:
            outbox.record_sent(connection, channel, messages, self.now)

    def failed(self, messages, channel="desk", *, is_refused=False):
        with self.warehouse.writing() as connection:
            outbox.record_failed(
                connection, channel, messages, error="answered 500", is_refused=is_refused, now=self.now
            )

    def again(self, channels):
        with self.warehouse.writing() as connection:
            outbox.try_again(connection, channels, self.now)

    def give_up(self):
        """Let the desk's channel fail until nothing is sent there any more."""
        for _ in range(outbox.MAX_ATTEMPTS):
            self.failed(self.take())
            self.now += timedelta(hours=6)

    def statuses(self):
        with self.warehouse.reading() as connection:
            return dict(connection.execute(sa.select(ALERTS.c.alert_id, ALERTS.c.alert_status)).all())

    def deliveries(self):
        columns = (
            DELIVERIES.c.alert_id,
            DELIVERIES.c.channel,
            DELIVERIES.c.delivery_status,
            DELIVERIES.c.attempts_count,
        )
        with self.warehouse.reading() as connection:
            return {(i, c): (s, n) for i, c, s, n in connection.execute(sa.select(*columns))}

    def quiet_reason(self, alert_id):
        with self.warehouse.reading() as connection:
            return connection.scalar(sa.select(ALERTS.c.quiet_reason).where(ALERTS.c.alert_id == alert_id))


@pytest.fixture
def post(warehouse):
    return Post(warehouse)


def ids(messages):
    return [message.alert_id for message in messages]


# Into the outbox


def test_alerts_appear_with_their_night(warehouse, night):
    key = NightKey(trade_date=DAY, universe="default", source_mode="live")
    warehouse.claim(key, run_id="r", code_version="0", rules_hash="x")

    def also(connection):
        outbox.replace_alerts(connection, alerts("a"), DAY, "live")

    def broken(connection):
        also(connection)
        raise RuntimeError("killed before the commit")

    published = {"run_id": "r", "outcome": "OK", "reason": None, "counts": {}}
    with pytest.raises(RuntimeError):
        warehouse.publish(key, night(key), **published, also=broken)
    assert Post(warehouse).statuses() == {}
    assert warehouse.status(key) == "RUNNING"
    warehouse.publish(key, night(key), **published, also=also)
    assert Post(warehouse).statuses() == {"a": "PENDING"}


def test_the_same_alert_is_stored_once_and_keeps_its_first_words(post):
    post.add(alerts("a"))
    post.add(alerts("a", "b", title="raised again"))
    assert post.statuses() == {"a": "PENDING", "b": "PENDING"}
    post.address(desk=ALL)
    assert [message.title for message in post.take()] == ["title of a", "raised again"]


def test_no_alerts_are_no_trouble(post):
    post.publish(alerts())
    post.address(desk=ALL)
    assert post.take() == []


def test_publishing_again_withdraws_what_is_not_true_any_more_and_not_sent(post):
    post.publish(alerts("sent", "gone", "stays"))
    post.add(alerts("other-day", trade_date=pd.Timestamp(2026, 7, 15)))
    post.address(desk=ALL)
    post.sent([message for message in post.take() if message.alert_id == "sent"])
    post.publish(alerts("stays", "new"))
    assert post.statuses() == {"sent": "DELIVERED", "gone": "QUIET", "stays": "PENDING", "new": "PENDING",
                               "other-day": "PENDING"}  # fmt: skip
    assert (post.quiet_reason("gone"), post.quiet_reason("sent"), post.quiet_reason("stays")) == (
        WITHDRAWN, WITHDRAWN, None,
    )  # fmt: skip
    post.now += timedelta(hours=1)
    assert "gone" not in ids(post.take())


def test_what_was_withdrawn_and_is_true_again_comes_back(post):
    for frame in (alerts("a"), alerts(), alerts("a")):
        post.publish(frame)
    assert post.statuses() == {"a": "PENDING"}


def test_what_was_sent_and_withdrawn_and_is_true_again_is_not_sent_again(post):
    post.publish(alerts("a"))
    post.address(desk=ALL)
    post.sent(post.take())
    for frame in (alerts(), alerts("a")):
        post.publish(frame)
    post.address(desk=ALL)
    assert (post.statuses(), post.quiet_reason("a"), post.take()) == ({"a": "DELIVERED"}, None, [])


def test_what_was_kept_quiet_is_withdrawn_too_and_comes_back_as_it_is_raised_now(post):
    quiet = {"alert_status": "QUIET", "quiet_reason": "simulated night"}
    for raised in (alerts("a", "b", **quiet), alerts("b", **quiet)):
        post.publish(raised)
    assert (post.quiet_reason("a"), post.quiet_reason("b")) == (WITHDRAWN, "simulated night")
    post.publish(alerts("a", alert_status="QUIET", quiet_reason="repeats"))
    assert (post.quiet_reason("a"), post.quiet_reason("b")) == ("repeats", WITHDRAWN)
    post.publish(alerts("a", "b"))
    assert post.statuses() == {"a": "QUIET", "b": "PENDING"}, "what is stored keeps its first words"


def test_what_one_channel_gave_up_and_was_withdrawn_reaches_no_other(post):
    post.publish(alerts("a"))
    post.address(desk=ALL, pager=ALL)
    post.give_up()
    assert post.statuses() == {"a": "DEAD"}
    post.publish(alerts())
    post.again(["desk", "pager"])
    assert (post.take("desk"), post.take("pager"), post.quiet_reason("a")) == ([], [], WITHDRAWN)
    with post.warehouse.reading() as connection:
        assert (len(outbox.listing(connection)), outbox.settled_count(connection)) == (0, 1)
    post.publish(alerts("a"))
    assert ids(post.take("pager")) == ["a"], "it is true again"


def test_quiet_alerts_are_kept_and_never_sent(post):
    post.add(alerts("a", alert_status="QUIET", quiet_reason="simulated night"))
    post.address(desk=ALL)
    assert (post.take(), post.deliveries()) == ([], {})


def test_recent_alerts_are_read_back_as_written(post):
    written = alerts("a", "b")
    post.add(written)
    post.add(alerts("old", trade_date=pd.Timestamp(2026, 7, 1)))
    post.add(alerts("elsewhere", source_mode="recorded"))
    with post.warehouse.reading() as connection:
        found = outbox.recent_alerts(connection, "live", date(2026, 7, 2))
    pd.testing.assert_frame_equal(found.sort_values("alert_id", ignore_index=True), written)


# Out of it


def test_every_channel_gets_what_it_takes_and_the_alert_is_delivered_when_all_have_it(post):
    post.add(alerts("w"))
    post.add(alerts("c", alert_severity="CRITICAL"))
    post.address(desk=ALL, pager=("CRITICAL",))
    assert ids(post.take("desk")) == ["c", "w"]  # gravest first
    post.sent(post_messages := [outbox.Message(alert_id=i, alert_severity="", title="", body="", attempts_count=0)
                                for i in ("c", "w")])  # fmt: skip
    assert post.statuses() == {"w": "DELIVERED", "c": "PENDING"}
    assert ids(post.take("pager")) == ["c"]
    post.sent(post_messages[:1], "pager")
    assert post.statuses() == {"w": "DELIVERED", "c": "DELIVERED"}


def test_what_a_desk_trades_on_comes_first(post):
    post.add(alerts("b", alert_rule="source_missing"))
    post.add(alerts("c", alert_rule="layer_armed"))
    post.add(alerts("a", alert_rule="layer_armed", created_at_utc=pd.Timestamp(NOW + timedelta(seconds=1))))
    post.add(alerts("z", alert_rule="of another version"))
    post.address(desk=ALL)
    assert ids(post.take()) == ["c", "a", "b", "z"]


def test_in_quiet_hours_a_message_waits_without_spending_an_attempt(post):
    post.add(alerts("w"))
    post.address(desk=ALL)
    assert post.take(severities=("CRITICAL",)) == []
    assert post.deliveries() == {("w", "desk"): ("PENDING", 0)}
    assert ids(post.take()) == ["w"]


def test_what_nobody_wants_to_hear_is_quiet(post):
    post.add(alerts("i", alert_severity="INFO"))
    post.address()
    assert post.statuses() == {"i": "PENDING"}  # without channels nothing is decided yet
    post.address(desk=("WARNING",))
    assert post.quiet_reason("i") == "no channel takes its severity"


def test_a_new_channel_gets_no_old_news(post):
    post.add(alerts("a"))
    post.address(desk=ALL)
    post.sent(post.take())
    post.address(desk=ALL, late=ALL)
    assert post.take("late") == []
    post.add(alerts("b", created_at_utc=pd.Timestamp(NOW - timedelta(days=5))))
    post.address(desk=ALL, late=ALL)
    assert post.take("late") == []
    assert post.quiet_reason("b") == "no channel in 4 days"


def test_a_failure_waits_longer_each_time_and_is_given_up(post):
    post.add(alerts("a"))
    post.address(desk=ALL)
    waits = []
    for _ in range(outbox.MAX_ATTEMPTS):
        messages = post.take()
        assert ids(messages) == ["a"]
        post.failed(messages)
        wait = next_attempt(post) - post.now
        waits.append(wait // timedelta(minutes=1))
        post.now += wait - timedelta(seconds=1)
        assert post.take() == []
        post.now += timedelta(seconds=1)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 0]
    assert post.deliveries() == {("a", "desk"): ("DEAD", outbox.MAX_ATTEMPTS)}
    assert post.statuses() == {"a": "DEAD"}


def next_attempt(post):
    """When the one message is due again; now, if never."""
    with post.warehouse.reading() as connection:
        instant = connection.scalar(sa.select(DELIVERIES.c.next_attempt_at_utc))
    return instant.replace(tzinfo=UTC) if instant else post.now


def test_a_refusal_waits_for_a_person(post):
    post.add(alerts("a"))
    post.address(desk=ALL)
    post.failed(post.take(), is_refused=True)
    post.now += timedelta(hours=5, minutes=59)
    assert post.take() == []
    post.now += timedelta(minutes=1)
    assert ids(post.take()) == ["a"]


def test_one_dead_channel_does_not_keep_the_other_from_its_message(post):
    post.add(alerts("a"))
    post.address(desk=ALL, pager=ALL)
    post.give_up()
    assert post.statuses() == {"a": "DEAD"}
    post.sent(post.take("pager"), "pager")
    assert post.deliveries()["a", "pager"][0] == "SENT"
    assert post.statuses() == {"a": "DEAD"}


def test_once_mended_everything_fresh_is_tried_again(post):
    post.add(alerts("a", "b"))
    post.address(desk=ALL)
    for _ in range(outbox.MAX_ATTEMPTS):
        post.failed([message for message in post.take() if message.alert_id == "a"], is_refused=False)
        post.now += timedelta(hours=1)
    post.again(["desk"])
    messages = post.take()
    assert ids(messages) == ["a", "b"]
    post.sent(messages)
    assert post.statuses() == {"a": "DELIVERED", "b": "DELIVERED"}


def test_what_could_not_be_sent_in_four_days_is_given_up(post):
    post.add(alerts("a"))
    post.address(desk=ALL)
    post.failed(post.take())
    post.now += timedelta(days=4, minutes=1)
    post.address(desk=ALL)
    assert post.statuses() == {"a": "DEAD"}
    assert post.take() == []


def test_what_another_channel_gave_up_grows_stale_too(post):
    post.add(alerts("a"))
    post.address(desk=ALL, pager=ALL)
    post.give_up()
    post.now += outbox.FRESH
    post.address(desk=ALL, pager=ALL)
    assert post.take("pager") == []
    assert post.deliveries()["a", "pager"][0] == "DEAD"


# Two at once, and one that dies


def test_a_leased_message_is_nobody_elses_until_the_lease_runs_out(post):
    post.add(alerts("a"))
    post.address(desk=ALL)
    assert ids(post.take()) == ["a"]
    post.now += outbox.LEASE - timedelta(seconds=1)
    assert post.take() == []
    post.now += timedelta(seconds=1)
    assert ids(post.take()) == ["a"]  # whoever had it died, sent or not
    assert post.deliveries() == {("a", "desk"): ("PENDING", 2)}


def test_a_late_failure_does_not_undo_a_delivery(post):
    post.add(alerts("a"))
    post.address(desk=ALL)
    slow = post.take()
    post.now += outbox.LEASE
    post.sent(post.take())
    post.failed(slow)
    assert post.deliveries()["a", "desk"][0] == "SENT"
    assert post.statuses() == {"a": "DELIVERED"}


def test_deliverers_side_by_side_share_the_work(url):
    """Four deliverers, sixty messages: every one is taken once."""
    first = Post(Warehouse(url))
    wanted = [f"a{at:02d}" for at in range(60)]
    first.add(alerts(*wanted))
    taken, at_once = [], threading.Barrier(4)

    def work():
        mine = Post(Warehouse(url))
        at_once.wait(30)
        mine.address(desk=ALL)
        while messages := mine.take():
            taken.extend(ids(messages))
        mine.warehouse.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    first.warehouse.close()
    assert sorted(taken) == wanted


def test_the_listing_says_what_became_of_everything(post):
    post.add(alerts("sent", "failed"))
    post.add(alerts("quiet", alert_status="QUIET", quiet_reason="simulated night"))
    post.address(desk=ALL)
    messages = {message.alert_id: message for message in post.take()}
    post.sent([messages["sent"]])
    post.failed([messages["failed"]])
    with post.warehouse.reading() as connection:
        is_open = outbox.listing(connection)
        everything = outbox.listing(connection, with_settled=True)
        other_day = outbox.listing(connection, trade_date=date(2026, 7, 15), with_settled=True)
        left_out = [outbox.settled_count(connection, day) for day in (None, DAY, date(2026, 7, 15))]
    assert left_out == [2, 2, 0]
    assert is_open["channels"].tolist() == ["desk PENDING after 1: answered 500"]
    assert dict(zip(everything["alert"], everything["channels"], strict=True)) == {
        "sent": "desk SENT", "failed": "desk PENDING after 1: answered 500", "quiet": "simulated night",
    }  # fmt: skip
    assert other_day.empty
