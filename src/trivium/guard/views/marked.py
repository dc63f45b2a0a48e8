"""Mark-up in the middle of a word: `AKIA<b>IOSF</b>ODNN`, `AKIA**IOSF**ODNN`.

What is shown, or read by a model, is the word without it.
"""

import re
from collections.abc import Iterator

from trivium.guard.views.view import Stretch, Writing

_MARK = r"(?:</?[A-Za-z][^<>\s]{0,40}>|<!--[^<>\s]{0,40}-->|\*{1,3}|`{1,3}|~~)"
_WORD = r"[A-Za-z0-9+/=_-]"
# It begins where a word begins: without that, each character of a long word would be
# tried as a beginning, and each time the word read to its end.
_MARKED = re.compile(rf"(?<!{_WORD}){_WORD}++(?:{_MARK}{{1,4}}+{_WORD}++)++")
_MARKS = re.compile(_MARK)


def _marked(token: str) -> Iterator[Stretch]:
    for found in _MARKED.finditer(token):
        yield Stretch(found.start(), found.end(), _MARKS.sub("", found[0]))


MARKED = Writing("mark-up", _marked)
