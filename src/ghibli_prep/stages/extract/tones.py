"""Brings high dynamic range down to what a screen of the ordinary kind shows.

PQ and HLG by ITU-R BT.2100, the tone curve by the EETF of ITU-R BT.2390 (section 5.4.1) on the brightest of the three
colours, so that hues stay; then the primaries of BT.2020 to those of BT.709, and sRGB. Reference white (203 cd/m2,
ITU-R BT.2408) is light grey then; what is brighter up to 1000 cd/m2 keeps some shape, beyond it all is white.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PQ, HLG = 16, 18
"""The transfer characteristics of ITU-T H.273 that are tone-mapped."""
_PEAK, _WHITE = 1000.0, 203.0
_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)  # ITU-R BT.2087, linear RGB
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593], np.float32)
_M1, _M2, _C1, _C2, _C3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875


def to_sdr(rgb: NDArray[np.uint16], transfer: int) -> NDArray[np.uint8]:
    """rgb: height x width x 3, the code values of PQ or HLG on 16 bits. Returns sRGB of the same shape."""
    light = _pq_light()[rgb] if transfer == PQ else _hlg_light(rgb)
    brightest = light.max(axis=2, keepdims=True)
    steps = (_pq_code(brightest) * 4095).astype(np.uint16)
    light *= _curve()[steps]
    mapped = light @ _TO_709.T
    np.clip(mapped, 0, 1, out=mapped)
    return _srgb()[(mapped * 4095 + 0.5).astype(np.uint16)]


@cache
def _pq_light() -> NDArray[np.float32]:
    """Light in cd/m2 for each of 65,536 code values."""
    return _pq_eotf(np.arange(65536) / 65535).astype(np.float32)


def _pq_eotf(code: NDArray[np.float64]) -> NDArray[np.float64]:
    root = np.power(code, 1 / _M2)
    light: NDArray[np.float64] = 10000 * np.power(np.maximum(root - _C1, 0) / (_C2 - _C3 * root), 1 / _M1)
    return light


def _pq_code(light: NDArray[np.float32]) -> NDArray[np.float32]:
    power = np.power(np.clip(light / 10000, 0, 1), _M1)
    code: NDArray[np.float32] = np.power((_C1 + _C2 * power) / (1 + _C3 * power), _M2)
    return code


def _hlg_light(rgb: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Light in cd/m2 on a screen of 1000 cd/m2, whose system gamma is 1.2."""
    scene = _hlg_scene()[rgb]
    luma = np.maximum(scene @ _LUMA_2020, 1e-6)[..., None]
    light: NDArray[np.float32] = _PEAK * np.power(luma, 0.2) * scene
    return light


@cache
def _hlg_scene() -> NDArray[np.float32]:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    code = np.arange(65536) / 65535
    return np.where(code <= 0.5, code * code / 3, (np.exp((code - c) / a) + b) / 12).astype(np.float32)


@cache
def _curve() -> NDArray[np.float32]:
    """What light is to be multiplied by, so that 1 is white, for each of 4,096 PQ codes of the brightest colour."""
    code = np.arange(4096) / 4095
    peak, most = (float(code_) for code_ in _pq_code(np.array([_PEAK, _WHITE], np.float32)))
    source, top = np.minimum(code / peak, 1), most / peak
    knee = 1.5 * top - 0.5
    t = np.clip((source - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * top
    target = _pq_eotf(np.where(source < knee, source, spline) * peak)
    light = np.maximum(_pq_eotf(code), 1e-6)
    return (target / light / _WHITE).astype(np.float32)


@cache
def _srgb() -> NDArray[np.uint8]:
    light = np.arange(4096) / 4095
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055)
    values: NDArray[np.uint8] = np.rint(code * 255).astype(np.uint8)
    return values
