"""The code that an authenticator app shows (RFC 6238), implemented independently of the functions."""

import base64
import hashlib
import hmac
import struct
import time


def code(secret, now=None):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    step = int(time.time() if now is None else now) // 30
    digest = hmac.digest(key, struct.pack(">Q", step), hashlib.sha1)
    offset = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"
