"""Keys of the three clouds."""

import re

from trivium.guard.detectors.detector import Detector, Literals, key

AWS_ACCESS_KEY = Detector(
    name="aws-access-key",
    title="AWS access key id (long-term or temporary)",
    source="AWS IAM User Guide, unique identifiers: prefixes AKIA, ASIA, ABIA, ACCA; 20 characters of base32",
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
    source="Google Cloud documentation, API keys: `AIza` and 35 characters; OAuth client secrets: `GOCSPX-` and 28",
    finder=Literals(
        literals=("AIza", "GOCSPX-"),
        pattern=re.compile(r"(?<![A-Za-z0-9_])(?:AIza[\w-]{35}(?![\w-])|GOCSPX-[\w-]{28}(?![\w-]))", re.ASCII),
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

AZURE_KEY = Detector(
    name="azure-key",
    title="Azure storage account key, connection-string key or AI service key",
    source=(
        "Microsoft Learn, storage connection strings: `AccountKey=` and 88 characters of base64; Azure AI keys of 84"
        " characters carry the signature JQQJ99 at position 53 (microsoft/security-utilities, identifiable keys)"
    ),
    finder=Literals(
        literals=("AccountKey=", "SharedAccessKey=", "JQQJ99"),
        pattern=re.compile(
            r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{42,86}+={0,2}+|JQQJ99[A-Za-z0-9]{26}(?![A-Za-z0-9])"
        ),
        opening=re.compile(r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{0,86}+={0,2}+|JQQJ99[A-Za-z0-9]{0,26}+"),
        max_length=106,
        split=re.compile(r"((?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{42})[A-Za-z0-9+/]{0,44}+={0,2}+"),
    ),
    examples=(
        "DefaultEndpointsProtocol=https;AccountKey=" + "aB3/" * 21 + "aB==",
        "AccountKey=" + "aB3/" * 11 + "\n" + "aB3/" * 10 + "aB==",
        "a1B2" * 13 + "JQQJ99" + "BKAC" + "YeBjFXJ3w3AAABACOGa1Z9",
    ),
    counter_examples=("AccountKey=<your key>", "AccountKey=short", "JQQJ99 marks them", "JQQJ99ABC"),
)

DETECTORS = (AWS_ACCESS_KEY, GOOGLE_API_KEY, AZURE_KEY)
