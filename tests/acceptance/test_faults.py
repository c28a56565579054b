"""Nothing lost, nothing doubled, through kills and a CRM that misbehaves in every way it can.

The size that runs always is small; `python -m tests.acceptance.headline --leads 10000 --kills 30 --seeds 1-20` is the whole one.
"""

from pathlib import Path

import pytest

from tests.acceptance.storm import FAULTS, Storm, run


@pytest.mark.acceptance
def test_a_storm_loses_nothing_and_doubles_nothing(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    seed = int(request.config.getoption("--seed"))

    figures = run(tmp_path, Storm(leads=120, kills=3, seed=seed))

    assert figures.wrong == []
    assert figures.orders == 120
    assert figures.repeats > 0
    assert (
        {"500", "lost", "reset", "limit"} <= figures.faults.keys() <= {part.split("=")[0] for part in FAULTS.split(",")}
    )
