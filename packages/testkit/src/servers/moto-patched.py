"""moto's server with those deviations from AWS corrected that matter to a rotation.

Prints its port on stdout once it listens on 127.0.0.1 and ends when stdin is closed, so that it
never outlives the process that started it.
"""

import functools
import os
import sys
import threading

from moto.secretsmanager import exceptions as errors
from moto.secretsmanager import models
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

MAX_BYTES = 65536
LOCK = threading.RLock()
Backend = models.SecretsManagerBackend


def patch(owner, name):
    """Replaces a method by the decorated function, which gets the original first. One call at a
    time: AWS moves a label in one step."""

    def decorate(function):
        original = getattr(owner, name)

        @functools.wraps(original)
        def replaced(*args, **kwargs):
            with LOCK:
                return function(original, *args, **kwargs)

        setattr(owner, name, replaced)
        return function

    return decorate


def holder_of(secret, label):
    found = (key for key, version in secret.versions.items() if label in version["version_stages"])
    return next(found, None)


@patch(Backend, "get_secret_value")
def get_secret_value(original, self, secret_id, version_id, version_stage):
    # moto keeps a default version that moving AWSCURRENT does not change.
    if not version_id and not version_stage:
        version_stage = "AWSCURRENT"
    return original(self, secret_id, version_id, version_stage)


@patch(Backend, "put_secret_value")
def put_secret_value(
    original, self, secret_id, secret_string, secret_binary, client_request_token, version_stages
):
    secret = self.secrets.get(secret_id)
    if secret is None:
        raise errors.SecretNotFoundException()
    if secret.is_deleted():
        raise errors.InvalidRequestException("The secret is marked for deletion.")
    if isinstance(secret_string, str) and len(secret_string.encode()) > MAX_BYTES:
        raise errors.InvalidParameterException("SecretString: over 65536 bytes.")
    # moto overwrites the value of a version that is labelled AWSPENDING.
    version = secret.versions.get(client_request_token)
    if version and ("secret_string" in version or "secret_binary" in version):
        same = version.get("secret_string") == secret_string
        if not same or version.get("secret_binary") != secret_binary:
            raise errors.ResourceExistsException("The token is in use for another value.")
        return secret.to_short_dict(include_version_stages=True, version_id=client_request_token)
    return original(
        self, secret_id, secret_string, secret_binary, client_request_token, version_stages
    )


@patch(Backend, "update_secret_version_stage")
def update_secret_version_stage(
    original, self, secret_id, version_stage, remove_from_version_id, move_to_version_id
):
    secret = self.secrets.get(secret_id)
    if secret is None:
        raise errors.SecretNotFoundException()
    # moto takes the label off first and finds out afterwards that the target does not exist.
    if move_to_version_id and move_to_version_id not in secret.versions:
        raise errors.ResourceNotFoundException("There is no such version.")
    # moto asks for RemoveFromVersionId with AWSCURRENT only.
    holder = holder_of(secret, version_stage)
    if holder and remove_from_version_id != holder:
        raise errors.InvalidParameterException(f"{version_stage} is attached to another version.")
    if version_stage == "AWSCURRENT" and not move_to_version_id:
        raise errors.InvalidParameterException("AWSCURRENT can be moved and not removed.")
    return original(
        self, secret_id, version_stage, remove_from_version_id, move_to_version_id
    )


@patch(models.FakeSecret, "to_dict")
def to_dict(original, self):
    # DescribeSecret does not list versions without labels.
    described = original(self)
    versions = described.get("VersionIdsToStages")
    if versions:
        described["VersionIdsToStages"] = {key: labels for key, labels in versions.items() if labels}
    return described


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_args, **_kwargs):
        """Says nothing of single requests."""


def end_with_parent():
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(server.server_port, flush=True)
    server.serve_forever()
