"""An OpenID Connect issuer on 127.0.0.1 that signs any claims."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "two-factor"


class Issuer:
    def __init__(self, url):
        self.url = url
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(self, sub, key=None, **claims):
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": str(sub), "iat": now, "exp": now + 600} | claims
        return jwt.encode(claims, key or self.key, algorithm="RS256", headers={"kid": "1"})

    def documents(self):
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        keys = f"{self.url}/keys"
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": keys},
            "/keys": {"keys": [public | {"kid": "1", "use": "sig", "alg": "RS256"}]},
        }


@contextlib.contextmanager
def running():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            document = issuer.documents().get(self.path)
            self.send_response(200 if document else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
