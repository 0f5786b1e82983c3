"""A bucket of the S3 endpoint of tools.campaigns.kills.buckets, filled by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.request import Request, urlopen

import boto3
import botocore.client
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

BUCKET = "deliveries"
KEY_ID = "AKIDOFTHETESTS000001"
SECRET = "secret+of/the+tests/AAAAAAAAAAAAAAAAAAAA"
TOKEN = "token-of-the-tests-BBBBBBBBBBBBBBBBBBBB"


@dataclass
class Bucket:
    """An empty bucket, and what the commands under test ask of it: (operation, key or prefix)."""

    url: str
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        s3_backends.reset()
        self.client = self.service("s3")
        self.client.create_bucket(Bucket=BUCKET)

    def service(self, name: str, **options: Any) -> Any:
        given = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1", **options}
        return boto3.client(name, endpoint_url=self.url, **given)

    def put(self, key: str, body: str | bytes, at: str = "2026-03-25T06:00:00", **options: Any) -> str:
        """Puts an object as at that time, in UTC; returns its ETag."""
        content = body.encode() if isinstance(body, str) else body
        etag: str = self.client.put_object(Bucket=BUCKET, Key=key, Body=content, **options)["ETag"].strip('"')
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys[key].last_modified = datetime.fromisoformat(at)
        return etag

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Notes what is asked for from now on; `put` by the test is no part of it."""
        original = botocore.client.BaseClient._make_api_call

        def noting(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
            if client is not self.client:
                self.asked.append((operation, str(arguments.get("Key", arguments.get("Prefix", "")))))
            return original(client, operation, arguments)

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", noting)

    @contextmanager
    def checking_rights(self) -> Iterator[None]:
        """The endpoint checks signatures and policies while the block runs."""
        self._reset_auth("0")
        try:
            yield
        finally:
            self._reset_auth("inf")

    def _reset_auth(self, after: str) -> None:
        as_text = {"Content-Type": "text/plain"}
        request = Request(f"{self.url}/moto-api/reset-auth", after.encode(), as_text)  # noqa: S310
        urlopen(request).close()  # noqa: S310

    def got(self) -> list[str]:
        """The keys that were read since this was asked last, sorted."""
        keys = sorted(key for operation, key in self.asked if operation == "GetObject")
        self.asked.clear()
        return keys
