"""Objects of an S3 bucket: listed page by page, read completely and unchanged.

Endpoint, region and credentials come from the AWS_* settings, which boto3 reads itself; none of them is ever printed.
boto3 is imported only when a bucket is requested.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from duckhouse.cli import UserError
from duckhouse.landing.manifest import ObjectVersion, iso
from duckhouse.readers.stored import CHUNK, FileFault

SCHEME = "s3://"
ATTEMPTS = 3  # to read the bytes of an object; boto3 itself repeats a failed request AWS_MAX_ATTEMPTS times

_POLICY = "docs/s3/policy.json"
_REFUSED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
_DENIED = {"AccessDenied", "AllAccessDisabled", "403"}
_GONE = {"NoSuchKey", "404"}
_FAULTS = {
    **dict.fromkeys(("PreconditionFailed", "412"), "it was changed while it was read: run again"),
    **dict.fromkeys(_GONE, "it was deleted after it was listed"),
    **dict.fromkeys(_DENIED, f"access is denied: its reader needs s3:GetObject ({_POLICY})"),
    "InvalidObjectState": "it is archived: restore it in the bucket first",
}


class _Broken(Exception):
    """The bytes of an object were cut off."""


@dataclass(frozen=True)
class Address:
    """What was requested: a folder of a bucket, whose `prefix` ends with / or is empty, or one object."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.prefix}"

    @property
    def is_folder(self) -> bool:
        return self.prefix == "" or self.prefix.endswith("/")

    def covers(self, uri: str) -> bool:
        return uri.startswith(str(self)) if self.is_folder else uri == str(self)


def addresses(paths: Sequence[str | Path]) -> list[Address]:
    """The addresses in `paths`; none where all are local. Raises UserError for a mix and for invalid addresses."""
    of_buckets = [path for path in paths if str(path).startswith(SCHEME)]
    if of_buckets and len(of_buckets) < len(paths):
        raise UserError("local files and s3:// are given together: land them in two runs, each is a delivery")
    return [_address(str(path)) for path in of_buckets]


def _address(text: str) -> Address:
    bucket, _, prefix = text.removeprefix(SCHEME).partition("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", bucket):
        raise UserError("an s3:// path names no bucket: write s3://BUCKET/PREFIX, and set keys and endpoint by AWS_*")
    return Address(bucket, prefix)


@dataclass(frozen=True)
class Store:
    """An S3 endpoint, with a boto3 client, which several threads may use."""

    client: Any

    def begin(self, address: Address) -> tuple[Address, datetime | None]:
        """The address as an object where one has this key, else as a folder; and the endpoint's time, to the second,
        where it sends it.
        """
        with _told(self.client, address):
            page = self.client.list_objects_v2(Bucket=address.bucket, Prefix=address.prefix, MaxKeys=1)
            is_object = any(entry["Key"] == address.prefix for entry in page.get("Contents", ()))
        is_as_given = is_object or address.is_folder
        told = page["ResponseMetadata"]["HTTPHeaders"].get("date", "")
        return address if is_as_given else Address(address.bucket, f"{address.prefix}/"), _time(told)

    def listed(self, address: Address) -> Iterator[ObjectVersion]:
        """Every object of the address, in the order of keys; one page is in memory at a time."""
        with _told(self.client, address):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=address.bucket, Prefix=address.prefix)
            for page in pages:
                for entry in page.get("Contents", ()):
                    if address.is_folder or entry["Key"] == address.prefix:
                        yield ObjectVersion(
                            uri=f"{SCHEME}{address.bucket}/{entry['Key']}",
                            etag=entry["ETag"].strip('"'),
                            size=entry["Size"],
                            last_modified=iso(entry["LastModified"]),
                        )

    def download(self, version: ObjectVersion, path: Path, advance: Callable[[int], object]) -> str | None:
        """Writes the bytes of this version, and returns its id where the bucket keeps versions; `advance` gets the
        count of bytes as they come.

        Raises FileFault where the object has changed since the listing or cannot be read, UserError where nothing can.
        """
        address = _address(version.uri)
        for _ in range(ATTEMPTS):
            answer = self._get(address, version)
            if answer.get("ETag", "").strip('"') != version.etag:
                raise FileFault(_FAULTS["PreconditionFailed"])
            try:
                with path.open("wb") as file:
                    for chunk in _chunks(answer["Body"]):
                        file.write(chunk)
                        advance(len(chunk))
            except _Broken:
                continue
            if path.stat().st_size == version.size:
                identity: str | None = answer.get("VersionId")
                return identity
        raise FileFault(f"its bytes broke off {ATTEMPTS} times: run again")

    def _get(self, address: Address, version: ObjectVersion) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        try:
            with _told(self.client, address, _REFUSED):
                answer: dict[str, Any] = self.client.get_object(
                    Bucket=address.bucket, Key=address.prefix, IfMatch=f'"{version.etag}"'
                )
                return answer
        except ClientError as error:
            code = _code(error)
            raise FileFault(_FAULTS.get(code, f"the endpoint answers {code}: run again")) from None


def store() -> Store:
    """The endpoint of the AWS_* settings. Raises UserError where they cannot be used, and where boto3 is missing."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise UserError("boto3 is not installed, which reads s3://: pip install -c constraints.txt '.[s3]'") from None
    bounded = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard"})
    try:
        session = boto3.session.Session(region_name=os.environ.get("AWS_REGION") or None)
        return Store(session.client("s3", config=bounded))
    except BotoCoreError as error:
        raise UserError(f"the AWS settings cannot be used ({type(error).__name__}): see .env.example") from None
    except ValueError:
        raise UserError("AWS_ENDPOINT_URL or AWS_REGION cannot be used: write http://HOST:PORT, eu-central-1") from None


def _time(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def _chunks(body: Any) -> Iterator[bytes]:
    from botocore.exceptions import BotoCoreError
    from urllib3.exceptions import HTTPError

    try:
        while chunk := body.read(CHUNK):
            yield chunk
    except (BotoCoreError, HTTPError, OSError) as error:
        raise _Broken from error


@contextmanager
def _told(client: Any, address: Address, codes: set[str] | None = None) -> Iterator[None]:
    """Reports in one line why the endpoint does not do what is asked; of its refusals only those in `codes`."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import PartialCredentialsError as HalfCredentials
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        code = _code(error)
        if codes is not None and code not in codes:
            raise
        raise UserError(_refusal(address, code)) from None
    except (NoCredentialsError, HalfCredentials):
        raise UserError(
            f"{address}: there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        ) from None
    except (HTTPClientError, NoConnection) as error:
        place = urlsplit(client.meta.endpoint_url)
        host = f"{place.hostname}:{place.port}" if place.port else place.hostname
        raise UserError(
            f"{address}: {host} does not answer ({type(error).__name__}): see AWS_ENDPOINT_URL, and run again"
        ) from None
    except (ResponseParserError, KeyError, RecursionError):  # the last one for an endless redirection
        raise UserError(f"{address}: what answers at AWS_ENDPOINT_URL does not speak S3") from None
    except BotoCoreError as error:
        raise UserError(f"{address}: it cannot be requested ({type(error).__name__}): see the AWS_* settings") from None


def _refusal(address: Address, code: str) -> str:
    if code == "NoSuchBucket" or code == "404":
        return f"{SCHEME}{address.bucket}: there is no such bucket"
    if code in _DENIED:
        return f"{address}: access is denied: who lists it needs s3:ListBucket ({_POLICY})"
    if code in _REFUSED:
        return f"{address}: the endpoint does not take these credentials ({code}): see the AWS_* settings"
    if code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "301"):
        return f"{address}: the bucket is in another region: set AWS_REGION to it"
    return f"{address}: the endpoint answers {code}: run again"


def _code(error: Any) -> str:
    """The code of an answer. Nothing else of it is printed: an endpoint may answer with what it was sent."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code if re.fullmatch(r"[A-Z][A-Za-z]{2,39}|\d{3}", code) else "an error"
