"""Which metrics are asked for, and with which settings."""

import pytest

from infoeval.errors import UserError
from infoeval.evaluation.requests import Request, parse


def test_what_is_asked_for() -> None:
    assert parse(["mig", "mig", "mi"]) == [Request("mig"), Request("mi")]
    assert parse(["dci:predictor=lasso,preset=laforge"]) == [
        Request("dci", {"predictor": "lasso", "preset": "laforge"})
    ]
    assert parse(["downstream-accuracy:sizes=[10, 100]"])[0].settings == {"sizes": [10, 100]}
    assert parse(["beta-vae:simulate=true,batch=8"])[0].settings == {"simulate": True, "batch": 8}
    assert parse(["mig:"]) == [Request("mig")]
    assert parse(["mig"])[0].metric.name == "mig"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("migg", r"no metric 'migg' \(did you mean 'mig'\?\); there are mi, mi-own"),
        ("mig:bins=3", "mig has no setting 'bins'; there are preset, estimator"),
        ("mig:preset_=laforge", r"mig has no setting 'preset_' \(did you mean 'preset'\?\)"),
        ("mi:budget=quick", "mi has no setting 'budget'; there are none"),
        ("mig:ksg", "settings are written name:setting=value"),
        ("mig:estimator=ksg,estimator=binned", "gives estimator twice"),
        ("tad:least_range=x", "tad: least_range is a number, such as 0, not 'x'"),
        ("jemmig:bins=nan", "jemmig: bins is a number, such as 10, not 'nan'"),
        ("jemmig:bins=[3]", "bins is a number"),
        ("jemmig:bins=true", "bins is a number"),
        ("beta-vae:simulate=yes", "beta-vae: simulate is true or false, not 'yes'"),
        ("mig:estimator", "settings are written name:setting=value"),
    ],
)
def test_what_cannot_be_asked_for(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse([text])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("TRUE", True),
        ("none", None),
        ("-3", -3),
        ("[1, 2]", [1, 2]),
        ("a-b c", "a-b c"),
        ("__import__('os')", "__import__('os')"),
        ("[" * 500, "[" * 500),
    ],
)
def test_values_are_literals_or_words(text: str, value: object) -> None:
    assert parse([f"mig:estimator={text}"])[0].settings == {"estimator": value}


def test_a_function_is_no_name() -> None:
    with pytest.raises(UserError, match='by its name, such as "mig", not as function'):
        parse([lambda: None])  # type: ignore[list-item]
