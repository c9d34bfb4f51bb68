"""The data of the pictures of a wrong gradient, measured on real functions."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from gradcheck.evidence import ALONE, picture_data
from gradcheck.numdiff import gradient_check
from gradcheck.report import pictures


def _layer(wrong: Any) -> Any:
    """tanh(x @ W) with a backward whose gradient of W is changed by `wrong`."""

    def vjp(primals: Any) -> Any:
        x, w = primals["x"], primals["W"]
        output = np.tanh(x @ w)

        def pullback(cotangent: Any) -> Any:
            inner = cotangent * (1 - output**2)
            dw = x.T @ inner
            wrong(dw)
            return {"x": inner @ w.T, "W": dw}

        return output, pullback

    return vjp


def _last_column(dw: Any) -> None:
    dw[:, -1] *= 2


def _one_entry(dw: Any) -> None:
    dw[3, 5] += 1.0


def _data(wrong: Any, shape: tuple[int, int]) -> Any:
    rng = np.random.default_rng(1)
    primals = {"x": rng.normal(size=(3, shape[0])), "W": rng.normal(size=shape) / shape[0]}
    vjp = _layer(wrong)
    finding = gradient_check(vjp, primals, wrt=["W"], rng=np.random.default_rng(2))["W"]
    return finding, picture_data(vjp, primals, "W", finding, rng=np.random.default_rng(3))


def test_small_gradient_is_measured_whole() -> None:
    finding, data = _data(_last_column, (4, 5))
    assert finding.status == "fail"
    heat = data["heatmap"]
    difference = np.array(heat["difference"], float)
    assert difference.shape == (4, 5) and heat["shape"] == [4, 5]
    assert heat["wrong"] == [[i, 4] for i in range(4)]
    assert difference[:, :4].max() < 1e-8 < difference[:, 4].min()
    scatter = {k: np.array(v) for k, v in data["scatter"].items()}
    assert scatter["claimed"].size == 20
    off = np.abs(scatter["claimed"] - scatter["measured"]) > scatter["bound"]
    assert off.sum() == 4
    np.testing.assert_allclose(scatter["claimed"][off], 2 * scatter["measured"][off], rtol=1e-4)


def test_large_gradient_shows_the_wrong_entry_and_leaves_the_rest_open() -> None:
    finding, data = _data(_one_entry, (30, 40))
    assert finding.status == "fail"
    difference = np.array(data["heatmap"]["difference"], float)
    assert [3, 5] in data["heatmap"]["wrong"]
    assert difference[3, 5] == pytest.approx(1.0, abs=1e-6)
    assert 1 < np.isfinite(difference).sum() <= ALONE
    assert np.isnan(difference).sum() == difference.size - np.isfinite(difference).sum()


def test_curve_is_a_v_and_its_bound_holds() -> None:
    _, data = _data(_last_column, (4, 5))
    curve = {k: np.array(v) for k, v in data["curve"].items()}
    assert np.all(np.diff(curve["h"]) < 0) and curve["chosen"] in curve["h"]
    lowest = int(curve["error"].argmin())
    assert 0 < lowest < curve["h"].size - 1
    assert curve["error"][0] > 10 * curve["error"][lowest]
    assert curve["noise"][-1] > 10 * curve["noise"][0]
    assert curve["bound"] < 1e-8


def test_data_are_strict_json_and_can_be_drawn() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    for wrong, shape in ((_last_column, (4, 5)), (_one_entry, (30, 40))):
        _, data = _data(wrong, shape)
        again = json.loads(json.dumps(data, allow_nan=False))
        draw = {"heatmap": pictures.heatmap, "scatter": pictures.scatter, "curve": pictures.curve}
        assert set(again) == set(draw)
        for name, function in draw.items():
            ET.fromstring(function(again[name]))


def test_nothing_to_show_where_nothing_is_wrong() -> None:
    finding, data = _data(lambda dw: None, (4, 5))
    assert finding.status == "pass" and data == {}
