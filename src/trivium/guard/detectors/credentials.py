"""Credentials without a vendor: private keys, signed tokens, passwords written into an
assignment."""

import base64
import binascii
import json
import re

from trivium.guard.detectors.detector import Detector, Literals, entropy

_PEM_BODY = 12800
"""Characters of base64 of an RSA key of 16,384 bits (about 12,700 with line breaks),
rounded up."""
# Atomic groups, not `{…}+`: before 3.11.5 Python repeats a group with a lookahead
# wrongly (python/cpython#100061).
_PEM_HEAD = (
    r"-----BEGIN (?>(?:(?!PRIVATE )[A-Z0-9]{1,12}+ ){0,3})PRIVATE KEY(?: BLOCK)?-----"
)
_PEM_LINES = rf"(?>(?>[A-Za-z0-9+/=\s\\:,.()]|-(?!-)){{0,{_PEM_BODY}}})"
"""Base64 and header lines, also with `\\n` written out; two hyphens begin the last
line."""

PRIVATE_KEY = Detector(
    name="private-key",
    title="private key in PEM or OpenPGP armour",
    source="RFC 7468 sections 2, 10 and 11; RFC 1421 headers; RFC 9580 section 6.2",
    finder=Literals(
        literals=("-----BEGIN",),
        pattern=re.compile(
            _PEM_HEAD + _PEM_LINES + r"(?>(?:-----END [A-Z0-9 ]{1,48}+-----)?)"
        ),
        opening=re.compile(
            r"-----BEGIN(?: [A-Z0-9 ]{0,48}+-{0,5}+)?|"
            + _PEM_HEAD
            + _PEM_LINES
            + r"(?:-{0,4}|-----(?:E|EN|END|END [A-Z0-9 ]{0,48}+-{0,5})?)"
        ),
        max_length=_PEM_BODY + 160,
    ),
    examples=(
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow"
        + "IBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\\nMIIEvQ"
        + "IBADANBg\\n-----END PRIVATE KEY-----\\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    ),
    counter_examples=(
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBg\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----",
        "a PRIVATE KEY is secret",
    ),
)


def _is_jwt(token: str) -> bool:
    """Whether the first part decodes to a JOSE header: JSON with `alg`."""
    head = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


JSON_WEB_TOKEN = Detector(
    name="json-web-token",
    title="signed or encrypted JSON Web Token",
    source="RFC 7519 section 3; RFC 7515 section 7.1; RFC 7516 section 7.1",
    finder=Literals(
        literals=("eyJ",),
        pattern=re.compile(
            r"(?<![\w.-])eyJ[\w-]{10,2048}+(?:\.[\w-]{0,4096}+){2,4}+", re.ASCII
        ),
        opening=re.compile(r"eyJ[\w-]{0,2048}+(?:\.[\w-]{0,4096}+){0,4}+", re.ASCII),
        max_length=2051 + 4 * 4097 + 1,
        valid=_is_jwt,
    ),
    examples=(
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW5vdC1yZWFs",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y2lwaGVydGV4dA.dGFn",
    ),
    counter_examples=(
        "eyJ begins them",
        "eyJzdWIiOiIxMjM0In0.eyJzdWIiOiIxMjM0In0.c2ln",
        "eyJhbGciOiJIUzI1NiJ9",
    ),
)

_NAMES = (
    "password|passwd|passphrase|secret|token|api_key|api-key|apikey|access_key"
    "|access-key|accesskey|credential|pwd"
)
_NAME_STEMS = ("pass", "secret", "token", "api", "access", "credential", "pwd")
"""Every name begins with one of these: fewer words to look for."""
_NAMES_BEGUN = "|".join(
    sorted(
        {name[:n] for name in _NAMES.split("|") for n in range(3, len(name))},
        reverse=True,
    )
)
_ASSIGNED = r"[\w-]{0,24}+[\"']?+[ \t]{0,4}+(?:=>|:=|[:=])[ \t]{0,4}+[\"']?+"


def _is_random(assignment: str) -> bool:
    """Whether the assigned value looks generated: letters and digits, at 3 bits a
    character or more.

    Words and placeholders lie below: `changeme-please-now` has no digit. 16 random hex
    digits have about 3.3 bits.
    """
    name, value = re.split(r"=>|:=|[:=]", assignment, maxsplit=1)
    value = value.strip(" \t")
    mixed = any(char.isdigit() for char in value) and any(
        char.isalpha() for char in value
    )
    return (
        mixed and entropy(value.strip("\"'")) >= 3.0 and not _is_reference(name, value)
    )


_WORDS = re.compile(
    r"(?>[^A-Za-z0-9]{0,256})(?>(?>[A-Za-z]{1,64}\d{0,4}|\d{1,8})(?:[^A-Za-z0-9]{1,256}|$)){0,64}"
)
"""Words, each with a digit or two at its end: nothing that was generated."""
_ATTRIBUTE = re.compile(r"[A-Za-z_]\w{0,64}(?>(?:\.[A-Za-z_]\w{0,64}){1,8})", re.ASCII)
_NO_SECRET = re.compile(
    r"[_-]?(?:count|name|type|header|dir|file|path|policy|url|endpoint|expiry)$",
    re.IGNORECASE,
)
"""What a name ends with that is about a secret and holds none."""


def _is_reference(name: str, value: str) -> bool:
    """Whether the value only says where a secret is: an attribute in code, a path, or
    what a name is about."""
    bare = value.strip("\"'")
    if not _WORDS.fullmatch(bare):
        return False
    code = value == bare and "_" in bare and _ATTRIBUTE.fullmatch(bare)
    return bool(
        code
        or bare.startswith(("/", "~/", "./"))
        or _NO_SECRET.search(name.rstrip(" \t\"'"))
    )


ASSIGNED_SECRET = Detector(
    name="assigned-secret",
    title="random-looking value assigned to a name such as `password` or `api_key`",
    source=(
        "OWASP Secrets Management Cheat Sheet; the threshold of 3 bits is"
        " detect-secrets' default for hex strings"
    ),
    finder=Literals(
        literals=_NAME_STEMS,
        pattern=re.compile(
            rf"(?i:{_NAMES}){_ASSIGNED}[A-Za-z0-9+/=_.~!@#$%^&*-]{{16,256}}+"
        ),
        opening=re.compile(
            rf"(?i:{_NAMES})[\w-]{{0,24}}+(?:[\"']?+[ \t]{{0,4}}+(?:(?:=>|:=|[:=])["
            r" \t]{0,4}+[\"']?+"
            rf"[A-Za-z0-9+/=_.~!@#$%^&*-]{{0,256}}+)?)?|(?i:{_NAMES_BEGUN})"
        ),
        max_length=320,
        valid=_is_random,
        ignore_case=True,
    ),
    examples=(
        "password = 'xK9#mP2$vL5nQ8wR'",
        'export AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
        "api_key: 9f86d081884c7d659a2feaa0c55ad015",
        'password = "summer_2026.holiday_house"',
        "secret_name: wJalrXUtnFEMI/K7MDENG/bPxRfiCY",
        "token=/winter/K7MDENG/bPxRfiCYEXAMPLE",
    ),
    counter_examples=(
        "the password = hunter2",
        "token: the smallest unit of text",
        "secret = ${VAULT_SECRET}",
        "api_key = your-api-key-goes-here-please",
        "password=aaaaaaaaaaaaaaaa1111",
        "access_token = oauth2_session.fetch_token(url)",
        "api_key = settings.ANTHROPIC_API_KEY_V2",
        "access_key_file=/run/secrets/aws_access_key_1",
        '"secretName": "my-app-tls-cert-2026-production"',
    ),
)


def _is_password(found: str) -> bool:
    """Whether the part between colon and `@` is meant: no placeholder, no word that
    only names it."""
    password = found[3:-1].partition(":")[2]
    named = password.strip("<>[]{}()$%*").lower()
    placeholder = password[0] in "<[{($%" or len(set(password)) < 3
    return not placeholder and named not in (
        "password",
        "passwd",
        "pass",
        "pwd",
        "secret",
        "token",
        "changeme",
    )


URL_PASSWORD = Detector(
    name="url-password",
    title="password inside a URL or connection string",
    source="RFC 3986 section 3.2.1, userinfo `user:password`",
    finder=Literals(
        literals=("://",),
        pattern=re.compile(
            r"://[A-Za-z0-9._%+~-]{0,64}+:[A-Za-z0-9._%+~!$&'()*,;=#?^<>{}\[\]-]{3,128}+@"
        ),
        opening=re.compile(
            r"://[A-Za-z0-9._%+~-]{0,64}+(?::[A-Za-z0-9._%+~!$&'()*,;=#?^<>{}\[\]-]{0,128}+)?@?"
        ),
        max_length=198,
        valid=_is_password,
    ),
    examples=(
        "postgres://app:S3cr3tPassw0rd@db.example.com/claims",
        "redis://:p4ssw0rd@cache:6379",
    ),
    counter_examples=(
        "https://example.org:8443/@ada",
        "postgres://user:password@localhost/db",
        "https://user:<password>@example.org",
        "https://${USER}:${PASSWORD}@example.org",
        "https://user@example.org",
    ),
)

DETECTORS = (PRIVATE_KEY, JSON_WEB_TOKEN, ASSIGNED_SECRET, URL_PASSWORD)
