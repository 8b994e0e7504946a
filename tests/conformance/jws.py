"""Service account tokens that look right and are signed by somebody else."""

import base64
import json

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

OTHERS = generate_private_key(65537, 2048)


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed_by_others(token):
    """The same header and claims, with a signature by another key."""
    said = token.rsplit(".", 1)[0]
    return f"{said}.{encoded(OTHERS.sign(said.encode(), PKCS1v15(), SHA256()))}"


def other_keys(token):
    """A document of keys as an issuer serves it: the other key under the name of the right one."""
    name = json.loads(decoded(token.split(".")[0]))["kid"]
    numbers = OTHERS.public_key().public_numbers()
    modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
    key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": name, "n": encoded(modulus), "e": "AQAB"}
    return {"keys": [key]}
