"""The request with Cyrillic letters in the place of Latin ones that look the same.

Source: Unicode Technical Standard 39, confusables.
"""

from trivium.evaluation.attacks.attack import rewording

_LATIN = "aceopxyACEHOPTX"
_CYRILLIC = (
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443"
    "\u0410\u0421\u0415\u041d\u041e\u0420\u0422\u0425"
)
_LOOKS = str.maketrans(_LATIN, _CYRILLIC)

HOMOGLYPH = rewording(
    "homoglyph",
    "Cyrillic letters in the place of Latin ones",
    lambda text: text.translate(_LOOKS),
)
