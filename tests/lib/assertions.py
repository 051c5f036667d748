"""Signed claims of service accounts (JWT, RS256), made and checked by the openssl program."""

import base64
import json
import subprocess
import tempfile
import time
from pathlib import Path

CONTACTS = "https://www.googleapis.com/auth/contacts"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def encode(data, padded=False):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    text = base64.urlsafe_b64encode(data).decode()
    return text if padded else text.rstrip("=")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _openssl(*arguments, data):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, check=True, capture_output=True).stdout


def sign(account, header=None, key=None, padded=False, **changes):
    """What the service account (its key file, as a dict) would send; a claim that is None is left out."""
    now = int(time.time())
    claims = {"iss": account["client_email"], "sub": "alice@example.com", "scope": CONTACTS, "aud": account["token_uri"],
              "iat": now, "exp": now + 3600, **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": "RS256", "typ": "JWT", "kid": account["private_key_id"], **(header or {})}
    signed = f"{encode(header, padded)}.{encode(claims, padded)}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        path.write_text(key or account["private_key"])
        signature = _openssl("dgst", "-sha256", "-sign", path, data=signed.encode())
    return f"{signed}.{encode(signature, padded)}"


def verify(account, assertion):
    """Header and claims of an assertion, whose signature must be the account's."""
    header, claims, signature = assertion.split(".")
    with tempfile.TemporaryDirectory() as folder:
        key, public, given = (Path(folder) / name for name in ("key", "public", "signature"))
        key.write_text(account["private_key"])
        public.write_bytes(_openssl("pkey", "-in", key, "-pubout", data=b""))
        given.write_bytes(decode(signature))
        _openssl("dgst", "-sha256", "-verify", public, "-signature", given, data=f"{header}.{claims}".encode())
    return json.loads(decode(header)), json.loads(decode(claims))
