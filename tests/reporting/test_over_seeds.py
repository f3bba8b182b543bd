"""Means over seeds have intervals over seeds, of the codes that are alike."""

from pathlib import Path
from typing import Any

import pytest

from infoeval.reporting.over_seeds import mean_over_seeds, over_seeds
from infoeval.reporting.page import render
from infoeval.results import Document
from tests.reporting.drawn import built
from tests.reporting.reading import Reading
from tests.reporting.sample import five_seeds
from tests.reporting.several import aligned, light, with_agreement

Plain = dict[str, Any]


@pytest.fixture
def seeds(tmp_path: Path) -> Plain:
    return five_seeds(tmp_path) | {"images": []}


def by_name(document: Plain) -> dict[str, Any]:
    return {each.what: each for each in over_seeds(Document.for_page(document))}


def test_the_interval_is_that_of_a_mean_by_students_t() -> None:
    """Four numbers of mean 2.5 and deviation √(5/3): t at 0.975 of three degrees is 3.1824."""
    cell = mean_over_seeds([1.0, 2.0, 3.0, 4.0])
    assert cell.value == 2.5
    assert cell.high == pytest.approx(2.5 + 3.182446 * (5 / 3) ** 0.5 / 2, abs=1e-5)
    assert cell.low == pytest.approx(2.5 - 3.182446 * (5 / 3) ** 0.5 / 2, abs=1e-5)


def test_one_seed_has_no_interval() -> None:
    cell = mean_over_seeds([1.0])
    assert (cell.value, cell.low, cell.high) == (1.0, None, None)


def test_each_number_has_its_mean_its_range_and_every_seed(seeds: Plain) -> None:
    error = by_name(seeds)["digit: error"]
    assert error.values == pytest.approx((0.0588, 0.07, 0.41, 0.05, 0.06), abs=1e-4)
    assert error.count == 5
    assert error.spread == "5.0 to 41.0 %"
    assert error.written == "13.0 ± 19.5 %"


def test_numbers_of_aligned_codes_stand_together(seeds: Plain) -> None:
    """The second of the other seeds calls slant what the first calls width."""
    plain, paired = by_name(seeds), by_name(aligned(seeds))
    slant, width = "slant: information", "width: information"
    assert paired[slant].values[2] == plain[width].values[2]
    assert paired[width].values[2] == plain[slant].values[2]
    assert paired[slant].values[1] == plain[slant].values[1]


def test_agreement_of_seeds_is_on_the_page(seeds: Plain, tmp_path: Path) -> None:
    document = with_agreement(seeds)
    agreement = by_name(document)["agreement of seeds (udr)"]
    assert agreement.mean == pytest.approx(0.7)
    assert agreement.half is None, "the agreements of seeds depend on each other"
    assert "agreement of seeds (udr)" in Reading(render(light(document), tmp_path)).text


def test_every_metric_has_its_mean_over_seeds(seeds: Plain) -> None:
    figures = built(seeds)
    for table in (figure.table for figure in (*figures.metrics, *figures.seeds)):
        whole = [column.name for column in table.columns] + [str(row[0]) for row in table.rows]
        assert "Mean of five seeds" in whole, table.title


def test_one_model_has_no_means(document: Plain) -> None:
    assert over_seeds(Document.for_page({**document, "images": []})) == ()
