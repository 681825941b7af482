"""What silently breaks when versions drift: a flow runs. That a server schedules: test_deployments.py."""


def test_an_empty_flow_runs(run_night) -> None:
    from prefect import flow

    assert flow(lambda: 1, name="empty")() == 1
