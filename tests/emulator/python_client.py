"""Google's client for Python, as Debian packages it (python3-googleapi and python3-google-auth-oauthlib)."""

import contextlib
import json
import os
import warnings
from pathlib import Path

import pytest

from node_client import Refused

DISCOVERY = Path(__file__).resolve().parents[1] / "data" / "people.v1.json"


def modules():
    """Imported when a test asks for them, since not everybody has them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        discovery = pytest.importorskip("googleapiclient.discovery", reason="python3-googleapi is not installed")
        flow = pytest.importorskip("google_auth_oauthlib.flow", reason="python3-google-auth-oauthlib is not installed")
        pytest.importorskip("google_auth_httplib2", reason="python3-google-auth-httplib2 is not installed")
    return discovery, flow


class PythonClient:
    """In this process; the token requests go by whatever transport the library chooses."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.discovery, self.flow = modules()
        self.service = None
        self.credentials = None

    def close(self):
        if self.service is not None and hasattr(self.service, "close"):
            self.service.close()

    def _http(self):
        import httplib2

        return httplib2.Http(ca_certs=str(self.emulator.ca) if self.emulator.ca else None)

    def _use(self, credentials):
        from google_auth_httplib2 import AuthorizedHttp

        self.credentials = credentials
        document = json.loads(DISCOVERY.read_text())
        document["rootUrl"] = self.emulator.api_url + "/"
        document["baseUrl"] = self.emulator.api_url + "/"
        document["mtlsRootUrl"] = self.emulator.api_url + "/"
        self.service = self.discovery.build_from_document(document, http=AuthorizedHttp(credentials, http=self._http()))

    def use_token(self, token):
        from google.oauth2.credentials import Credentials

        self._use(Credentials(token))

    def use_file(self, file, scopes, subject=None):
        from google.oauth2 import credentials, service_account

        told = json.loads(Path(file).read_text())
        if told["type"] == "service_account":
            self._use(service_account.Credentials.from_service_account_file(str(file), scopes=scopes, subject=subject))
        else:
            self._use(credentials.Credentials(None, told["refresh_token"], token_uri=told["token_uri"],
                                              client_id=told["client_id"], client_secret=told["client_secret"]))

    def log_in(self, client_id, client_secret, scopes, follow, pkce, basic):
        ready = self.emulator.ready
        client = {"installed": {"client_id": client_id, "client_secret": client_secret, "auth_uri": ready["auth_uri"],
                                "token_uri": ready["token_uri"], "redirect_uris": ["http://127.0.0.1"]}}
        flow = self.flow.Flow.from_client_config(client, scopes=scopes, redirect_uri="http://127.0.0.1:4711",
                                                 **({"code_verifier": "v" * 64} if pkce else {}))
        flow.autogenerate_code_verifier = False
        with insecure_transport(self.emulator):
            url, state = flow.authorization_url(prompt="consent")
            back = follow(url)
            assert back["state"] == state
            tokens = flow.fetch_token(code=back["code"], verify=str(self.emulator.ca) if self.emulator.ca else True,
                                      **({} if basic else {"include_client_id": True}))
        self._use(flow.credentials)
        return dict(tokens)

    def refresh(self):
        import google_auth_httplib2

        before = self.credentials.token
        self.credentials.refresh(google_auth_httplib2.Request(self._http()))
        return before, self.credentials.token

    def revoke(self):
        answer, _ = self._http().request(f"{self.emulator.ready['revoke_uri']}?token={self.credentials.token}", method="POST",
                                         headers={"content-type": "application/x-www-form-urlencoded"})
        assert answer.status == 200

    def call(self, method, body=None, **params):
        *resources, name = method.split(".")
        owner = self.service
        for resource in resources:
            owner = getattr(owner, resource)()
        if body is not None:
            params["body"] = body
        try:
            return getattr(owner, name)(**{key.replace(".", "_"): value for key, value in params.items()}).execute()
        except self.discovery.HttpError as error:
            told = json.loads(error.content) if error.resp.get("content-type", "").startswith("application/json") else {}
            raise Refused(error.resp.status, told.get("error"), str(error)) from error


@contextlib.contextmanager
def insecure_transport(emulator):
    """oauthlib speaks no plain HTTP, and minds scopes that are told by their other name, unless it is asked to."""
    wanted = {"OAUTHLIB_RELAX_TOKEN_SCOPE": "1", **({} if emulator.ca else {"OAUTHLIB_INSECURE_TRANSPORT": "1"})}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
