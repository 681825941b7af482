"""The clean night has no fault at all: whatever the benchmark finds was planted."""


def test_a_clean_night_breaks_no_rule(clean, judge):
    gated = judge(clean.quotes)
    broken = gated.checks[~gated.checks["is_success"]]
    assert broken.empty, broken.to_string()
    assert len(gated.clean) == len(clean.quotes) > 5_000
    assert gated.rejected.empty
    assert gated.entries.empty
