"""Who the application is to each cloud: keys and tokens, where they come from, and how
a request carries them."""

from trivium.credentials.sigv4 import AwsKeys, sign
from trivium.credentials.sources import Authoriser, Sources
from trivium.credentials.token import BearerToken

__all__ = ["Authoriser", "AwsKeys", "BearerToken", "Sources", "sign"]
