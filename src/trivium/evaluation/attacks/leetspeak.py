"""The request with digits in the place of letters that look like them."""

from trivium.evaluation.attacks.attack import rewording

_LOOKS = str.maketrans("aeiostAEIOST", "431057431057")

LEETSPEAK = rewording(
    "leetspeak",
    "digits in the place of letters",
    lambda text: text.translate(_LOOKS),
)
