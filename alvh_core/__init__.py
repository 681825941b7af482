"""Pure functions of the pipeline: data and frozen parameters in, data out.

Nothing in this package touches a file, the network, the clock, the environment, a logger or global randomness,
and nothing imports Prefect, Great Expectations, SQLAlchemy or pyarrow. Import the modules, not this package.
"""
