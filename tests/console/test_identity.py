"""Who is in front of the console: only a signed, current assertion for us counts."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from trivium.console.assertion import AssertionRefusedError
from trivium.console.identity import AwsLoadBalancer, AzureEasyAuth, GoogleIap, Proxy

NOW = 1_800_000_000.0
KID = "11111111-2222-3333-4444-555555555555"
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
ARN = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/c/1"
TENANT = "aaaaaaaa-0000-0000-0000-000000000000"

AWS = AwsLoadBalancer(
    signer=ARN, issuer="https://idp.example", key_of=lambda _: EC_KEY.public_key()
)
IAP = GoogleIap(
    audience="/projects/1/global/backendServices/2",
    key_of=lambda _: EC_KEY.public_key(),
)
ENTRA = AzureEasyAuth(
    tenant=TENANT, audience="app", key_of=lambda _: RSA_KEY.public_key()
)

GOOD: dict[str, tuple[Proxy, str, dict[str, Any], dict[str, Any]]] = {
    "aws": (
        AWS,
        "x-amzn-oidc-data",
        {
            "alg": "ES256",
            "kid": KID,
            "signer": ARN,
            "iss": "https://idp.example",
            "exp": NOW + 60,
        },
        {"sub": "ann"},
    ),
    "iap": (
        IAP,
        "x-goog-iap-jwt-assertion",
        {"alg": "ES256", "kid": "k"},
        {
            "aud": "/projects/1/global/backendServices/2",
            "iss": "https://cloud.google.com/iap",
            "iat": NOW,
            "exp": NOW + 60,
            "email": "ann",
        },
    ),
    "entra": (
        ENTRA,
        "x-ms-token-aad-id-token",
        {"alg": "RS256", "kid": "k"},
        {
            "aud": "app",
            "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
            "tid": TENANT,
            "exp": NOW + 60,
            "oid": "ann",
        },
    ),
}


def part(content: bytes, *, padded: bool = False) -> str:
    encoded = base64.urlsafe_b64encode(content).decode()
    return encoded if padded else encoded.rstrip("=")


def token(header: dict[str, Any], claims: dict[str, Any], *, pad: bool = False) -> str:
    signed = ".".join(
        part(json.dumps(x).encode(), padded=pad) for x in (header, claims)
    )
    if header["alg"] == "RS256":
        signature = RSA_KEY.sign(signed.encode(), PKCS1v15(), SHA256())
    else:
        r, s = decode_dss_signature(EC_KEY.sign(signed.encode(), ec.ECDSA(SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{signed}.{part(signature, padded=pad)}"


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("pad", [False, True])
def test_a_signed_current_assertion_names_the_person(kind: str, pad: bool) -> None:
    proxy, name, header, claims = GOOD[kind]
    assert proxy.person({name: token(header, claims, pad=pad)}, NOW) == "ann"


@pytest.mark.parametrize(
    ("kind", "where", "change"),
    [
        ("aws", "header", {"signer": ARN + "2"}),
        ("aws", "header", {"iss": "https://other.example"}),
        ("aws", "header", {"exp": NOW - 31}),
        ("aws", "header", {"exp": None}),
        ("aws", "header", {"exp": True}),
        ("aws", "header", {"kid": "../../evil"}),
        ("aws", "header", {"crit": ["x"]}),
        ("aws", "claims", {"sub": ""}),
        ("iap", "claims", {"aud": "/projects/9/global/backendServices/2"}),
        ("iap", "claims", {"iss": "https://accounts.google.com"}),
        ("iap", "claims", {"exp": NOW - 31}),
        ("iap", "claims", {"iat": NOW + 31}),
        ("iap", "header", {"alg": "RS256"}),
        ("entra", "claims", {"aud": "other"}),
        ("entra", "claims", {"aud": ["app"]}),
        ("entra", "claims", {"iss": "https://login.microsoftonline.com/b/v2.0"}),
        ("entra", "claims", {"tid": "b"}),
        ("entra", "claims", {"exp": NOW - 31}),
        ("entra", "claims", {"nbf": NOW + 31}),
        ("entra", "header", {"alg": "ES256"}),
    ],
)
def test_an_assertion_that_differs_in_one_point_is_refused(
    kind: str, where: str, change: dict[str, Any]
) -> None:
    proxy, name, header, claims = GOOD[kind]
    changed = {"header": dict(header), "claims": dict(claims)}
    changed[where].update(change)
    with pytest.raises(AssertionRefusedError):
        proxy.person({name: token(changed["header"], changed["claims"])}, NOW)


@pytest.mark.parametrize("kind", GOOD)
def test_a_changed_claim_breaks_the_signature(kind: str) -> None:
    proxy, name, header, claims = GOOD[kind]
    head, _, signature = token(header, claims).split(".")
    body = part(json.dumps({**claims, "sub": "eve"}).encode())
    with pytest.raises(AssertionRefusedError, match="signature"):
        proxy.person({name: f"{head}.{body}.{signature}"}, NOW)


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("bad", ["", "a", "a.b.c", "é.é.é", "..", "W10.W10.W10"])
def test_what_is_not_a_token_is_refused(kind: str, bad: str) -> None:
    proxy, name, _, _ = GOOD[kind]
    with pytest.raises(AssertionRefusedError):
        proxy.person({name: bad}, NOW)


def test_an_unsigned_token_is_refused() -> None:
    _, name, header, claims = GOOD["iap"]
    head = part(json.dumps({**header, "alg": "none"}).encode())
    body = part(json.dumps(claims).encode())
    with pytest.raises(AssertionRefusedError, match="ES256"):
        IAP.person({name: f"{head}.{body}."}, NOW)


def test_the_unsigned_principal_of_easy_auth_is_not_believed() -> None:
    principal = part(json.dumps({"userId": "ann"}).encode())
    with pytest.raises(AssertionRefusedError, match="sent no"):
        ENTRA.person({"x-ms-client-principal": principal}, NOW)
