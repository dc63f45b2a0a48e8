"""The signed statement of a constitution: which layers it has, and the digest of their
chain (DSSE).

The deployment descriptor already pins the digest; this statement is for those who sign
a constitution apart from any deployment, such as a security reviewer. It carries
digests, not the layers themselves.
"""

import msgspec

from trivium.constitution.layers import Constitution
from trivium.errors import ConstitutionError
from trivium.vocabulary import envelope
from trivium.vocabulary.deployment import ConstitutionRef
from trivium.vocabulary.deployment import Layer as LayerRef

PAYLOAD_TYPE = "application/vnd.trivium.constitution+json"


def seal(constitution: Constitution, signer: envelope.Signer) -> bytes:
    """The signed envelope."""
    layers = tuple(
        LayerRef(source=layer.source, digest=layer.digest)
        for layer in constitution.layers
    )
    payload = envelope.canonical(
        ConstitutionRef(layers=layers, digest=constitution.digest)
    )
    return envelope.seal(PAYLOAD_TYPE, payload, signer)


def unseal(document: bytes, trusted: envelope.TrustedKeys) -> ConstitutionRef:
    """The references of a signed constitution, every digest pinned: hand them to
    `load_layers`.

    Raises `ConstitutionError` when no trusted key signed it or a digest is missing.
    """
    try:
        refs = msgspec.json.decode(
            envelope.unseal(document, PAYLOAD_TYPE, trusted), type=ConstitutionRef
        )
    except (envelope.EnvelopeError, msgspec.DecodeError) as error:
        raise ConstitutionError(
            f"The signed constitution is refused: {error}.",
            next_step=(
                "Ask the security reviewer for the signed constitution and the public"
                " key that belongs to it."
            ),
        ) from error
    if not refs.digest or not all(layer.digest for layer in refs.layers):
        raise ConstitutionError(
            "The signed constitution lacks a digest, so it pins nothing."
        )
    return refs
