"""Sign with a key that never leaves a cloud's key service; the key's name says which.

`aws`, `google` and `azure` have the same shape by agreement, that of `CloudKey` in
`trivium.credentials.kms.proven`:

    Key.names(key) -> bool        whether `key` has the form of this cloud's names
    Key(key, *, endpoint=None, credentials=None)
                                  asks for its public half; raises CredentialsError
    .name, .public_key(), .sign_digest(digest)
"""

from trivium.credentials.kms.aws import AwsKmsKey
from trivium.credentials.kms.azure import KeyVaultKey
from trivium.credentials.kms.google import GoogleKmsKey
from trivium.credentials.kms.proven import ProvenSigner
from trivium.errors import CredentialsError

_CLOUDS = (AwsKmsKey, GoogleKmsKey, KeyVaultKey)


def signer(key: str, *, endpoint: str | None = None) -> ProvenSigner:
    """What signs with `key`, named as its cloud's component exports it. Raises
    `CredentialsError`.

    `endpoint` is the key service's address where it is not the cloud's own: https, or
    http on loopback.
    """
    for cloud in _CLOUDS:
        if cloud.names(key):
            return ProvenSigner(cloud(key, endpoint=endpoint))
    raise CredentialsError(
        f"`{key[:200]}` names no key of a cloud's key service, so nothing was asked or"
        " signed. Expected an AWS KMS key `arn:aws:kms:REGION:ACCOUNT:key/ID`, a"
        " version of a Google Cloud KMS key"
        " `projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N`, or an"
        " Azure Key Vault key `https://VAULT.vault.azure.net/keys/NAME/VERSION`.",
        next_step="Give what the stack exports: `pulumi stack output signing_key`.",
    )


__all__ = ["AwsKmsKey", "GoogleKmsKey", "KeyVaultKey", "ProvenSigner", "signer"]
