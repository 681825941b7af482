"""Great Expectations' own pages for a night, on request only: they load scripts and fonts from the web, ours do not.

Frames and suites in, a folder of HTML out. What the night was judged by is `expectations.gate`; nothing decides here.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from expectations.engine import expectation_of, open_context
from expectations.rules import Suite

SITE = "night"
_RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": 20}


def build_data_docs(folder: Path, judged: Iterable[tuple[pd.DataFrame, Suite]], title: str) -> Path:
    """Validate frames once more, with examples, and write Data Docs about it.

    Parameters
    ----------
    folder : Path
        What an earlier build left there is removed.
    judged : iterable of (DataFrame, Suite)
    title : str
        Names the run.

    Returns
    -------
    Path
        The page to open.
    """
    gx, context = open_context()
    shutil.rmtree(folder, ignore_errors=True)
    for name in list(context.list_data_docs_sites()):
        context.delete_data_docs_site(name)
    context.add_data_docs_site(SITE, {
        "class_name": "SiteBuilder", "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    })  # fmt: skip
    source = context.data_sources.add_pandas(title)
    for frame, suite in judged:
        _validate(gx, context, source, frame, suite)
    context.build_data_docs(site_names=[SITE])
    return folder / "index.html"


def _validate(gx: Any, context: Any, source: Any, frame: pd.DataFrame, suite: Suite) -> None:
    batches = source.add_dataframe_asset(suite.dataset).add_batch_definition_whole_dataframe("all")
    expectations = [expectation_of(gx, rule, number) for number, rule in enumerate(suite.rules)]
    for rule, expectation in zip(suite.rules, expectations, strict=True):
        expectation.description, expectation.notes = f"{rule.reason} ({rule.severity})", rule.why
    rules = context.suites.add(gx.ExpectationSuite(name=suite.dataset, expectations=expectations))
    definition = gx.ValidationDefinition(name=suite.dataset, data=batches, suite=rules)
    context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": frame[list(suite.columns)]}, result_format=_RESULT_FORMAT
    )
