"""The verdict says what the numbers say, and nothing else."""

import copy
import itertools
from pathlib import Path
from typing import Any

import pytest

from infoeval import results
from infoeval.reporting.evidence import reasons
from infoeval.reporting.markdown_report import markdown
from infoeval.reporting.page import render
from infoeval.reporting.verdict import sentences
from tests.reporting import made_up
from tests.reporting.sample import comparison, confusion, five_seeds, sample

Document = dict[str, Any]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Document:
    return five_seeds(tmp_path_factory.mktemp("seeds"))


def said(document: Document) -> dict[str, str]:
    return {
        finding.topic: f"{finding.topic} {finding.whole}"
        for finding in sentences(results.Document.for_page(document))
    }


def told(document: Document) -> dict[str, str]:
    return {reason.topic: reason.text for reason in reasons(results.Document.for_page(document))}


def result(document: Document, metric: str, target: str, model: int = 0) -> Document:
    """The result of a model, that a test may change."""
    models = [document, *document.get("models", [])]
    found: Document
    (found,) = (
        each
        for each in models[model]["results"]
        if (each["metric"], each["target"]) == (metric, target) and "own" not in each["settings"]
    )
    return found


def put(found: Document, value: float) -> None:
    """Give a result another value, and an interval around it of the same width."""
    half = 0.0 if found["high"] is None else (found["high"] - found["low"]) / 2
    found |= {"value": value, "low": value - half, "high": value + half}


def without(document: Document, *metrics: str) -> Document:
    """The document without some metrics, in every model."""
    for model in (document, *document.get("models", [])):
        model["results"] = [r for r in model["results"] if r["metric"] not in metrics]
    return document


def test_the_meaning_comes_first_and_then_the_information(document: Document) -> None:
    assert said(document)["digit"] == (
        "digit matches the ten digits with 5.9 % error (5.4 to 6.3 %; in the λ = 0 model 74.2 %, "
        "73.8 to 74.7 %). It carries 2.30 of 2.30 nats (2.29 to 2.31; in the λ = 0 model 0.03, "
        "0.03 to 0.04)."
    )


def test_a_continuous_code_has_no_ceiling_and_follows_a_factor(document: Document) -> None:
    assert said(document)["slant"] == (
        "slant follows slant, |Spearman| 0.90 (0.88 to 0.92; chance 0.01), on real images. "
        "It carries 1.51 nats (1.51 to 1.52; in the λ = 0 model 0.26, 0.25 to 0.27)."
    )


def test_what_had_not_converged_is_a_lower_bound(document: Document) -> None:
    assert said(document)["width"].startswith("width follows stroke width, ")
    assert said(document)["width"].endswith(
        "It carries at least 1.28 nats (low end 1.27; Q had not converged; in the λ = 0 model at "
        "least 0.31, low end 0.30)."
    )
    assert told(document)["Convergence"] == (
        "Q had not converged for width in both models: a larger Q, another input or more training "
        "may still gain 0.01 nats or more."
    )


def test_what_has_converged_is_said_to_have(document: Document) -> None:
    for model in (0, 1):
        width = result(document, "mi", "width", model)
        width["details"]["converged"] = True
        width["high"] = width["value"] + 0.01
    assert said(document)["width"].endswith(
        "It carries 1.28 nats (1.27 to 1.29; in the λ = 0 model 0.31, 0.30 to 0.32)."
    )
    assert told(document)["Convergence"] == (
        "Q converged for all models: a larger Q, another input and more training could each gain "
        "less than 0.01 nats. What no Q of ours can read is not found by any of them."
    )


def test_nothing_is_promised_of_longer_training(document: Document) -> None:
    """A bound on what a family of Q finds is no bound on the information."""
    everything = markdown(document)
    for claim in ("would add nothing", "may miss", "Possibly missed"):
        assert claim not in everything
    assert "not a limit of the information" in everything
    assert "parity of many bits, or an encrypted one" in everything


def test_the_own_bound_is_named_as_such(document: Document) -> None:
    text = said(without(document, "mi"))
    assert text["digit"].endswith(
        "It carries at least 2.30 of 2.30 nats, as read by its own Q (2.30 to 2.30; in the λ = 0 "
        "model at least 0.03, 0.03 to 0.04)."
    )
    assert text["slant"].endswith(
        "It carries at least 1.21 nats, as read by its own Q (1.21 to 1.22; in the λ = 0 model at "
        "least −0.04, −0.05 to −0.04)."
    )
    assert "Q trained afterwards may find more" in told(document)["Lower bounds"]


@pytest.mark.parametrize(
    ("value", "low", "words"),
    [
        (2.3, 2.29, "It carries 2.30 of 2.30 nats ("),
        (1.6, 1.5, "It carries 1.60 of 2.30 nats ("),
        (0.05, 0.04, "It carries next to nothing: 0.05 of 2.30 nats ("),
        (0.02, -0.01, "It carries nothing that Q finds: 0.02 of 2.30 nats ("),
        (-0.3, -0.4, "It carries nothing that Q finds: −0.30 of 2.30 nats ("),
    ],
)
def test_amounts_have_the_words_that_fit(
    document: Document, value: float, low: float, words: str
) -> None:
    result(document, "mi", "digit").update(value=value, low=low)
    assert words in said(document)["digit"]


@pytest.mark.parametrize(
    ("value", "low", "words"),
    [
        (0.05, 0.04, "carries next to nothing: 0.05 of 2.30 nats, as read by its own Q"),
        (0.02, -0.01, "carries nothing that its own Q finds: 0.02 of 2.30 nats"),
    ],
)
def test_small_amounts_by_the_own_q_have_the_words_that_fit(
    document: Document, value: float, low: float, words: str
) -> None:
    result(without(document, "mi"), "mi-own", "digit").update(value=value, low=low)
    assert f" It {words}" in said(document)["digit"]


def test_seeds_by_their_own_qs_are_one_range(seeds: Document) -> None:
    text = said(without(copy.deepcopy(seeds), "mi"))["digit"]
    assert (
        "of 2.30 nats in four of five seeds, but only 1.61 (1.61 to 1.61) in seed 2, as read by "
        "each seed's own Q" in text
    )


def test_many_codes_without_numbers_have_one_sentence(document: Document) -> None:
    bare = without(document, "mi", "mi-own", "cluster-acc", "code-factors")
    bare["codes"] = [bare["codes"][0] | {"name": f"z{number}"} for number in range(16)]
    assert said(bare) == {"16 codes": "16 codes have no estimate of their information."}


def test_no_amount_is_made_up(document: Document) -> None:
    text = said(without(document, "mi", "mi-own", "cluster-acc", "code-factors"))
    assert text["digit"] == "digit is unnamed."
    assert told(document)["Information"].startswith("Not measured: ")
    assert "Convergence" not in told(document)
    assert "Self-test" not in told(document)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (0.031, "matches the ten digits with 3.1 % error"),
        (0.3, "matches the ten digits only in part, with 30.0 % error"),
        (0.8, "does not match the ten digits: 80.0 % error"),
    ],
)
def test_errors_have_the_words_that_fit(document: Document, error: float, words: str) -> None:
    found = result(document, "cluster-acc", "digit")
    put(found, 1 - error)
    assert words in said(document)["digit"]


def test_digits_are_called_so_where_the_data_have_digits(document: Document) -> None:
    document["data"]["name"] = "photos"
    assert "matches the ten classes" in said(document)["digit"]
    document["data"]["name"] = "mnist"
    result(document, "cluster-acc", "digit")["details"]["class_names"] = [*"abcdefghij"]
    assert "matches the ten classes" in said(document)["digit"]


def test_most_frequent_confusion_is_named_where_there_is_one(document: Document) -> None:
    assert "confusion" not in said(document)["digit"], "all pairs are as frequent"
    details = result(document, "cluster-acc", "digit")["details"]
    counts = confusion(0.0588)
    counts[details["matching"].index(9)][4] += 60
    details["confusion"] = counts
    assert (
        said(document)["digit"].partition(" It ")[0].endswith("; 4 and 9 are confused most often.")
    )


def test_confusion_counts_both_directions(document: Document) -> None:
    details = result(document, "cluster-acc", "digit")["details"]
    counts, code = confusion(0.0588), details["matching"].index
    counts[code(9)][4] += 60
    counts[code(3)][8] += 80
    counts[code(8)][3] += 80
    details["confusion"] = counts
    assert "3 and 8 are confused most often" in said(document)["digit"]


def test_seeds_that_agree_are_one_range(seeds: Document) -> None:
    document = copy.deepcopy(seeds)
    for metric, value in (("mi", 2.298), ("cluster-acc", 0.962)):
        put(result(document, metric, "digit", 2), value)
    assert said(document)["digit"] == (
        "digit matches the ten digits with 3.8 to 7.0 % error in every seed. It carries 2.30 of "
        "2.30 nats over five seeds (in the λ = 0 model 0.03, 0.03 to 0.04)."
    )


def test_a_seed_that_disagrees_is_named(seeds: Document) -> None:
    assert said(seeds)["digit"] == (
        "digit matches the ten digits with 5.0 to 7.0 % error in four of five seeds, but 41.0 % "
        "(40.5 to 41.5 %) in seed 2. It carries 2.30 of 2.30 nats in four of five seeds, but only "
        "1.61 (1.60 to 1.62) in seed 2 (in the λ = 0 model 0.03, 0.03 to 0.04)."
    )


def test_seeds_tell_which_is_shown_and_why(seeds: Document) -> None:
    assert told(seeds)["Seeds"] == (
        "Five seeds, all of them on this page. Shown first: seed 0 "
        "(highest mean agreement with the others, without labels)."
    )


def test_a_factor_is_looked_for_in_each_seed_by_its_own_code(seeds: Document) -> None:
    document = copy.deepcopy(seeds)
    # In seed 1 the two continuous codes have changed places.
    for metric, names in itertools.product(("code-factors",), (("slant", "width"),)):
        for each in document["models"][0]["results"]:
            pair = each["details"]
            if each["metric"] == metric and pair.get("code") in names:
                pair["code"] = names[1 - names.index(pair["code"])]
                each["target"] = f"{pair['code']} × {pair['factor']}"
    assert said(document)["slant"] == said(seeds)["slant"]
    assert "(0.88 to 0.92; chance 0.01; 0.78 to 0.90 over five seeds)" in said(document)["slant"]


def test_compared_models_stand_against_each_other(tmp_path: Path) -> None:
    text = said(comparison(tmp_path))["digit"]
    assert text == (
        "digit matches the ten digits with 5.9 % error (5.4 to 6.3 %) in Wide, against 12.0 % "
        "(11.6 to 12.5 %) in Narrow and 50.0 % (49.6 to 50.5 %) in Short training. It carries 2.30 "
        "of 2.30 nats (2.29 to 2.31) in Wide, against 2.10 in Narrow (2.09 to 2.11; difference "
        "0.20, 0.18 to 0.22) and 1.20 in Short training (1.19 to 1.21; difference 1.10, 1.08 to "
        "1.12)."
    )


def test_an_amount_stands_beside_the_difference_by_its_own_settings(tmp_path: Path) -> None:
    document = comparison(tmp_path)
    before = said(document)["digit"]
    others = [
        each | {"options": "budget=strict", "low": each["low"] - 1}
        for each in document["differences"]
    ]
    document["differences"] = [*others, *document["differences"]]
    assert said(document)["digit"] == before


def test_one_seed_is_called_one(document: Document) -> None:
    assert told(document)["Seeds"].startswith("One seed (0)")


def test_self_test_passes_on_its_numbers(document: Document) -> None:
    assert told(document)["Self-test"] == (
        "Passed: the same estimate finds 0.00 nats (−0.010 to 0.010) in shuffled codes and "
        "1.64 of the 1.67 nats (1.63 to 1.65) in a channel of known information."
    )


@pytest.mark.parametrize("which", ["null", "known"])
def test_self_test_fails_where_something_is_made_up(document: Document, which: str) -> None:
    check = result(document, "mi", "all codes")["details"]["self_test"][which][0]
    check |= {"value": check["truth"] + 0.2, "low": check["truth"] + 0.15, "high": None}
    assert told(document)["Self-test"].startswith("Failed, so no amount on this page")


def test_self_test_that_falls_short_says_that_amounts_may_be_too_low(document: Document) -> None:
    check = result(document, "mi", "all codes")["details"]["self_test"]["known"][0]
    check |= {"value": 1.2, "low": 1.1, "high": 1.3, "truth": 1.5}
    assert told(document)["Self-test"] == (
        "Amounts may be too low: the same estimate finds 0.00 nats (−0.010 to 0.010) in shuffled "
        "codes and 1.20 of the 1.50 nats (1.10 to 1.30) in a channel of known information."
    )


def test_a_baseline_unlike_in_more_than_its_weight_is_called_out(document: Document) -> None:
    assert "Baseline" not in told(document)
    document["models"][0]["subject"] |= {"seed": 4, "step": 1000}
    assert told(document)["Baseline"] == (
        "Differs from the model in more than λ: seed 4 instead of 0, step 1000 instead of 3000."
    )


def test_settings_of_a_baseline_are_compared(document: Document) -> None:
    document["models"][0]["subject"]["variant"] = "lambda 0"
    assert "Baseline" not in told(document), "a name is no difference"
    document["models"][0]["training"]["config"]["rates"] = {"discriminator": 1.0}
    assert told(document)["Baseline"] == "Differs from the model in more than λ: rates."


def test_numbers_of_the_verdict_are_those_of_the_results(tmp_path: Path) -> None:
    document = sample(tmp_path)
    for value in (0.5, 1.234, 2.0):
        put(result(document, "mi", "digit"), value)
        assert f" {value:.2f} of 2.30 nats" in said(document)["digit"]


def test_own_bound_is_named_where_it_is_the_higher_one(document: Document) -> None:
    assert "own Q" not in said(document)["width"]
    result(document, "mi-own", "width").update(value=1.5, low=1.49, high=1.51)
    assert (
        "(low end 1.27; Q had not converged; the model's own Q reads 1.50, 1.49 to 1.51; in the"
        in (said(document)["width"])
    )


# Codes of a table that no number is about.


def table(names: list[str], **more: Any) -> Document:
    made = made_up.document(*more.pop("found", ()), **more)
    made["subject"]["code_names"] = names
    return made


def test_codes_of_a_table_are_named_where_nothing_is_known_of_them() -> None:
    skipped = [{"metric": "code-factors", "reason": "there are no factors"}]
    told = made_up.said(table(["z_0", "z_1"], skipped=skipped))
    text = (
        "was compared with no factor (there are no factors), and nothing here says what it means."
    )
    assert told == {"z_0": text, "z_1": text}
    text = "was compared with no factor, and nothing here says what it means."
    assert made_up.said(table(["z_0"])) == {"z_0": text}


def test_a_code_that_was_left_out_stands_beside_those_that_were_compared() -> None:
    pair = made_up.pair("z_0", "size", 0.9, (0.8, 1.0), chance=0.1, p=0.005)
    pair["details"]["pruned"] = ["z_1"]
    told = made_up.said(table(["z_0", "z_1"], found=[pair]))
    assert told["z_0"] == "follows size, |Spearman| 0.90 (0.80 to 1.00; chance 0.10)."
    assert told["z_1"].startswith("was compared with no factor (left out as inactive), and")


def test_of_very_many_codes_the_first_are_named() -> None:
    told = made_up.said(table([f"z_{number}" for number in range(1000)]))
    assert len(told) == 25
    assert told["976 other codes"].startswith("were compared with no factor, and")


def test_the_page_of_a_table_names_its_codes(tmp_path: Path) -> None:
    page = render(table(["<b>", "z_1"]), tmp_path)
    assert "has no information of a code" not in page
    assert "<bdi>&lt;b&gt;</bdi></strong> was compared with no factor" in page
