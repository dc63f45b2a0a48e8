"""AWS Signature Version 4, the checking side.

The check covers all that AWS checks: the canonical request over the path as it stood on
the wire (encoded once more, as for every service but S3), the sorted query, the signed
headers, the hash of the body, the credential scope, the date and the session token.
Chunked and query-string signatures are not supported; the services served here do not
take them. The code is independent of the client's signer, so that each proves the
other.

Source: AWS IAM User Guide, "Create a signed AWS API request" and "Troubleshoot
Signature Version 4 signing", and "Common errors" of the Bedrock API reference, read
2026-11-22. The texts are AWS's own where they are widely quoted.
"""

import datetime as dt
import hashlib
import hmac
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from trivium_rehearsal.endpoints.serving.http import Request
from trivium_rehearsal.endpoints.serving.identities import AwsIdentity, expired

_ALGORITHM = "AWS4-HMAC-SHA256"
_SKEW = dt.timedelta(minutes=5)
"""How far a signature's date may be from now ("must arrive within five minutes of the
timestamp")."""


class SignatureRefusedError(Exception):
    """The request is not authenticated; carries AWS's status, error type and text."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message


@dataclass(frozen=True, kw_only=True)
class _Authorization:
    """The parts of an Authorization header."""

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


def verify(
    request: Request,
    identities: Sequence[AwsIdentity],
    *,
    region: str,
    service: str,
    now: dt.datetime,
) -> AwsIdentity:
    """The identity that signed the request.

    Raises `SignatureRefusedError` with what AWS answers.
    """
    authorization = _parse(_header(request))
    stamp = _timestamp(request)
    identity = _identity(authorization, request, identities, now)

    _check_scope(authorization, stamp, region=region, service=service)
    _check_date(stamp, now)
    _check_signed_headers(authorization, request)
    _check_content_hash(request)
    _check_signature(authorization, request, identity.secret_access_key, stamp)
    return identity


def _header(request: Request) -> str:
    """The Authorization header, unless it is missing or a bearer token."""
    header = request.header("authorization")
    if header is None:
        raise SignatureRefusedError(
            403, "MissingAuthenticationTokenException", "Missing Authentication Token"
        )
    if header.startswith("Bearer "):
        # Bedrock API keys are bearer tokens. None can be configured here, so none is
        # known.
        text = "Authentication failed: Please make sure your API Key is valid."
        raise SignatureRefusedError(403, "AccessDeniedException", text)
    return header


def _identity(
    authorization: _Authorization,
    request: Request,
    identities: Sequence[AwsIdentity],
    now: dt.datetime,
) -> AwsIdentity:
    """The identity that the request names, with its session token, not expired."""
    key = authorization.access_key_id
    identity = next((one for one in identities if one.access_key_id == key), None)
    token = request.header("x-amz-security-token")
    if identity is None or identity.session_token != token:
        text = "The security token included in the request is invalid."
        raise SignatureRefusedError(403, "UnrecognizedClientException", text)
    if expired(identity, now):
        text = "The security token included in the request is expired"
        raise SignatureRefusedError(403, "ExpiredTokenException", text)
    return identity


def _check_signature(
    authorization: _Authorization, request: Request, secret: str, stamp: str
) -> None:
    expected = sign(
        request, authorization.signed_headers, secret, stamp, authorization.scope
    )
    if not hmac.compare_digest(expected, authorization.signature):
        text = (
            "The request signature we calculated does not match the signature you"
            " provided. Check your AWS Secret Access Key and signing method. Consult"
            " the service documentation for details."
        )
        raise _invalid(text)


def sign(
    request: Request, signed_headers: Sequence[str], secret: str, stamp: str, scope: str
) -> str:
    """The signature (hex) of a request under a secret.

    `scope` is `date/region/service/aws4_request`.
    """
    canonical = canonical_request(request, signed_headers).encode()
    hashed = hashlib.sha256(canonical).hexdigest()
    text = "\n".join((_ALGORITHM, stamp, scope, hashed))

    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def canonical_request(request: Request, signed_headers: Sequence[str]) -> str:
    """The canonical request text over the named headers."""
    return "\n".join(
        (
            request.method,
            _canonical_path(request.path),
            _canonical_query(request.target.partition("?")[2]),
            *(f"{name}:{_canonical_value(request, name)}" for name in signed_headers),
            "",
            ";".join(signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _canonical_path(path: str) -> str:
    """The path on the wire without dot segments and doubled slashes, percent-encoded
    once more."""
    normal = posixpath.normpath("/" + path.lstrip("/"))
    if path.endswith("/") and normal != "/":
        normal += "/"
    return quote(normal, safe="/~")


def _canonical_query(query: str) -> str:
    """The parameters in order of their names, each encoded again."""
    pairs = parse_qsl(query, keep_blank_values=True)
    encoded = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _canonical_value(request: Request, name: str) -> str:
    """All values of a header, their spaces folded."""
    return ",".join(
        " ".join(value.split()) for key, value in request.headers if key == name
    )


def _parse(header: str) -> _Authorization:
    """The parts of the header; refuses an incomplete one."""
    algorithm, _, rest = header.partition(" ")
    fields = dict(re.findall(r"(\w+)=([^,\s]+)", rest))
    needed = ("Credential", "Signature", "SignedHeaders")
    missing = [name for name in needed if name not in fields]
    if algorithm != _ALGORITHM or missing:
        wanted = "".join(
            f"Authorization header requires '{name}' parameter. " for name in missing
        )
        raise _incomplete(wanted or f"Unsupported AWS 'algorithm': '{algorithm[:40]}'.")

    parts = fields["Credential"].rsplit("/", 4)
    if len(parts) != 5:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g."
            " keyid/date/region/service/term."
        )
    return _authorization(parts, fields)


def _authorization(parts: Sequence[str], fields: Mapping[str, str]) -> _Authorization:
    """The header with its credential already split."""
    return _Authorization(
        access_key_id=parts[0],
        date=parts[1],
        region=parts[2],
        service=parts[3],
        terminator=parts[4],
        signed_headers=tuple(fields["SignedHeaders"].split(";")),
        signature=fields["Signature"],
    )


def _timestamp(request: Request) -> str:
    """The `x-amz-date` of the request."""
    stamp = request.header("x-amz-date")
    if stamp is None:
        raise _incomplete(
            "Authorization header requires existence of either a 'X-Amz-Date' or a"
            " 'Date' header."
        )
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp):
        raise _incomplete("Date must be in ISO-8601 'basic format'.")
    return stamp


def _check_scope(
    authorization: _Authorization, stamp: str, *, region: str, service: str
) -> None:
    """Judge the credential scope: region, service, terminator and date."""
    problem = None
    if authorization.region != region:
        problem = (
            "Credential should be scoped to a valid region, not"
            f" '{authorization.region}'."
        )
    elif authorization.service != service:
        problem = f"Credential should be scoped to correct service: '{service}'."
    elif authorization.terminator != "aws4_request":
        problem = "Credential should be scoped with a valid terminator: 'aws4_request'."
    elif authorization.date != stamp[:8]:
        problem = (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of"
            " date from HTTP."
        )
    if problem:
        raise _invalid(problem)


def _check_date(stamp: str, now: dt.datetime) -> None:
    """Refuse a signature that is too old or from the future."""
    try:
        signed = dt.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    except ValueError:
        raise _incomplete("Date must be in ISO-8601 'basic format'.") from None

    early, late, here = (
        f"{one:%Y%m%dT%H%M%SZ}" for one in (now - _SKEW, now + _SKEW, now)
    )
    if signed < now - _SKEW:
        raise _invalid(
            f"Signature expired: {stamp} is now earlier than {early} ({here} - 5 min.)"
        )
    if signed > now + _SKEW:
        raise _invalid(
            f"Signature not yet current: {stamp} is still later than {late}"
            f" ({here} + 5 min.)"
        )


def _check_signed_headers(authorization: _Authorization, request: Request) -> None:
    """Refuse a request whose host or `x-amz-` headers are not signed."""
    signed = authorization.signed_headers
    present = {name for name, _ in request.headers}
    required = {"host"} | {name for name in present if name.startswith("x-amz-")}
    unsigned = sorted(required - set(signed))
    if "host" in unsigned:
        raise _invalid(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        )
    if unsigned:
        raise _invalid(
            "There were headers present in the request which were not signed:"
            f" {', '.join(unsigned)}"
        )


def _check_content_hash(request: Request) -> None:
    """Judge the hash of the body, where a header states one."""
    stated = request.header("x-amz-content-sha256")
    if stated is not None and stated != hashlib.sha256(request.body).hexdigest():
        raise _invalid(
            "The provided 'x-amz-content-sha256' header does not match what was"
            " computed."
        )


def _invalid(message: str) -> SignatureRefusedError:
    return SignatureRefusedError(403, "InvalidSignatureException", message)


def _incomplete(message: str) -> SignatureRefusedError:
    return SignatureRefusedError(403, "IncompleteSignatureException", message)
