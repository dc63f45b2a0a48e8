"""Keys of the three clouds."""

import re
from dataclasses import dataclass

from trivium.guard.detectors.detector import Detector, Literals, Signs, key
from trivium.guard.text import Span, View

AWS_ACCESS_KEY = Detector(
    name="aws-access-key",
    title="AWS access key id (long-term or temporary)",
    source=(
        "AWS IAM User Guide, unique identifiers: prefixes AKIA, ASIA, ABIA, ACCA; 20"
        " characters of base32"
    ),
    finder=key(("AKIA", "ASIA", "ABIA", "ACCA"), "A-Z2-7", 16, 16),
    examples=(
        "the key is AKIAIOSFODNN7EXAMPLE, keep it",
        "AKIA IOSF ODNN 7EXA MPLE",
        "AKIA\u200bIOSFODNN7\u200bEXAMPLE",
        "ASIA\nIOSFODNN7\n  EXAMPLE.",
        "\uff21\uff2b\uff29\uff21IOSFODNN7EXAMPLE",
    ),
    counter_examples=(
        "AKIA is the prefix of a key",
        "AKIAIOSFODNN7EXAMPL",
        "xAKIAIOSFODNN7EXAMPLE",
        "AKIAIOSFODNN7EXAMPLEAB",
        "ASIA IS THE LARGEST CONTINENT BY AREA",
    ),
)

GOOGLE_API_KEY = Detector(
    name="google-api-key",
    title="Google API key or OAuth client secret",
    source=(
        "Google Cloud documentation, API keys: `AIza` and 35 characters; OAuth client"
        " secrets: `GOCSPX-` and 28"
    ),
    finder=Literals(
        literals=("AIza", "GOCSPX-"),
        pattern=re.compile(
            r"(?<![A-Za-z0-9_])(?:AIza[\w-]{35}(?![\w-])|GOCSPX-[\w-]{28}(?![\w-]))",
            re.ASCII,
        ),
        opening=re.compile(r"(?:AIza|GOCSPX-)[\w-]{0,36}+", re.ASCII),
        max_length=40,
        split=re.compile(r"(AIza[\w-]{35}|GOCSPX-[\w-]{28})", re.ASCII),
    ),
    examples=(
        "AIza" + "SyD-1234567_abcdefghijklmnopqrstuvw",
        "key=" + "AIza" + "SyD-1234567 _abcdefghij klmnopqrstuvw",
        "GOCSPX-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4",
    ),
    counter_examples=("AIza is how they begin", "AIza" + "SyD-1234567", "GOCSPX-short"),
)

AZURE_CONNECTION_KEY = Detector(
    name="azure-connection-key",
    title="key in an Azure connection string",
    source=(
        "Microsoft Learn, configure Azure Storage connection strings: `AccountKey=` and"
        " 88 characters of base64"
    ),
    finder=Literals(
        literals=("AccountKey=", "SharedAccessKey="),
        pattern=re.compile(
            r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{42,86}+={0,2}+"
        ),
        opening=re.compile(
            r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{0,86}+={0,2}+"
        ),
        max_length=106,
        split=re.compile(
            r"((?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{42})[A-Za-z0-9+/]{0,44}+={0,2}+"
        ),
    ),
    examples=(
        "DefaultEndpointsProtocol=https;AccountKey=" + "aB3/" * 21 + "aB==",
        "AccountKey=" + "aB3/" * 11 + "\n" + "aB3/" * 10 + "aB==",
    ),
    counter_examples=(
        "AccountKey=<your key>",
        "AccountKey=short",
        "SharedAccessKeyName=RootManageSharedAccessKey",
    ),
)


_KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789="


@dataclass(frozen=True, kw_only=True)
class _Annotated:
    """Finds keys whose signature stands in their middle: looks 52 characters back from
    each."""

    signature: str = "JQQJ9"
    before: int = 52
    pattern: re.Pattern[str] = re.compile(
        r"(?<![A-Za-z0-9])[A-Za-z0-9]{52}JQQJ9[9DH][A-Za-z0-9][A-L]"
        r"[A-Za-z0-9]{16}[A-Za-z][A-Za-z0-9]{7}(?:[A-Za-z0-9]{2}==)?+(?![A-Za-z0-9])"
    )
    max_length: int = 89

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every regular expression it may run on the text."""
        return (self.pattern.pattern,)

    @property
    def signs(self) -> Signs:
        """The digit of the signature, or a word that it may follow."""
        return Signs(characters="0123456789", word=True)

    def spans(self, view: View) -> list[Span]:
        """Every match, in order of its start."""
        found = []
        position = view.plain.find(self.signature)
        while position >= 0:
            match = (
                self.pattern.match(view.plain, position - self.before)
                if position >= self.before
                else None
            )
            if match:
                found.append(Span(*match.span()))
            position = view.plain.find(self.signature, position + 1)
        return found

    def open_from(self, view: View) -> int:
        """Where the word at the end of the text begins, if a key can be as long."""
        plain = view.plain
        return max(len(plain.rstrip(_KEY_CHARACTERS)), len(plain) - self.max_length)


AZURE_SERVICE_KEY = Detector(
    name="azure-service-key",
    title="key of an Azure AI or other service that annotates its keys",
    source=(
        "microsoft/security-utilities, common annotated security keys: 84 or 88"
        " characters, JQQJ9 at position 53"
    ),
    finder=_Annotated(),
    examples=(
        "a1B2" * 13 + "JQQJ99" + "BD" + "c3D4" * 4 + "e" + "5F6g7H8",
        "key=" + "a1B2" * 13 + "JQQJ99BD" + "c3D4" * 6,
    ),
    counter_examples=(
        "JQQJ99 marks them",
        "a1B2JQQJ99BD" + "c3D4" * 6,
        "xy" + "a1B2" * 13 + "JQQJ99BD" + "c3D4" * 6,
    ),
)

DETECTORS = (AWS_ACCESS_KEY, GOOGLE_API_KEY, AZURE_CONNECTION_KEY, AZURE_SERVICE_KEY)
