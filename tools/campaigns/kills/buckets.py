"""An S3 endpoint in this process, with one bucket. Its content is lost when the process ends."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NAME = "deliveries"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
OF_THE_BUCKET = {
    "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
    "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
    "AWS_REGION": KEYS["region_name"],
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Bucket:
    url: str
    client: Any
    keys: Any  # moto's objects by key

    def put(self, key: str, body: bytes, at: datetime) -> None:
        """Puts an object with the given time."""
        self.client.put_object(Bucket=NAME, Key=key, Body=body)
        self.keys[key].last_modified = at.replace(tzinfo=None)


@contextmanager
def endpoint() -> Iterator[str]:
    """The URL of an S3 endpoint, and of IAM at the same address."""
    from moto.server import ThreadedMotoServer  # slow to import: one second

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it writes each request to standard error
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def bucket() -> Iterator[Bucket]:
    import boto3
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    with endpoint() as url:
        client = boto3.client("s3", endpoint_url=url, **KEYS)
        client.create_bucket(Bucket=NAME)
        yield Bucket(url, client, s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[NAME].keys)
