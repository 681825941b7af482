"""SQL over the lake: DuckDB in memory with one view per Parquet table. Reads only."""

from pathlib import Path

import pandas as pd

from alvh_core.errors import ContractError
from alvh_core.schemas import LAKE, TABLES


def query_lake(root: Path, sql: str) -> pd.DataFrame:
    """Run one statement over the lake's tables.

    Parameters
    ----------
    root : Path
        The lake.
    sql : str

    Returns
    -------
    DataFrame

    Raises
    ------
    ContractError
        The statement is not valid; carries DuckDB's words and the tables there are.
    """
    import duckdb  # noqa: PLC0415 - only this command needs it

    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        present = []
        for name, table in TABLES.items():
            if table.home == LAKE and any((root / name).glob("*/*/part.parquet")):
                pattern = (root / name / "*" / "*" / "part.parquet").as_posix().replace("'", "''")
                connection.execute(
                    f"create view {name} as select * from read_parquet('{pattern}', hive_partitioning=false)"
                )
                present.append(name)
        # from here on the statement sees the lake's files and nothing else, and can change no setting
        connection.execute("set allowed_directories = [$root]", {"root": root.as_posix()})
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        try:
            return connection.sql(sql).df()
        except (duckdb.Error, AttributeError) as error:
            raise ContractError(
                f"the lake did not answer: {error}\ntables: {', '.join(present) or 'none yet'}"
            ) from error
