"""Where backups are: a folder, or a prefix of a bucket. A file is there whole or not at all.

Endpoint, region and keys of a bucket are the AWS_* settings, as for the lake.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyarrow.fs import FileSelector, FileSystem, FileType, LocalFileSystem, S3FileSystem

from duckhouse.settings import lake_storage

BUCKET = "s3://"
NEW = ".new"  # what a killed run was writing


@dataclass(frozen=True)
class Storage:
    system: FileSystem
    root: str

    def __str__(self) -> str:
        return self.root if self.is_folder else f"{BUCKET}{self.root}"

    @property
    def is_folder(self) -> bool:
        return isinstance(self.system, LocalFileSystem)

    def names(self) -> set[str]:
        """All files, relative to the root."""
        selector = FileSelector(self.root, allow_not_found=True, recursive=True)
        found = self.system.get_file_info(selector)
        paths = (each.path.removeprefix(f"{self.root}/") for each in found if each.type == FileType.File)
        return {path for path in paths if path != NEW}

    def read(self, name: str) -> bytes:
        with self.system.open_input_file(f"{self.root}/{name}") as file:
            return bytes(file.read())

    def write(self, name: str, content: bytes) -> None:
        path = f"{self.root}/{name}"
        if not self.is_folder:
            with self.system.open_output_stream(path) as file:
                file.write(content)
            return
        self.system.create_dir(path.rpartition("/")[0])
        with self.system.open_output_stream(f"{self.root}/{NEW}") as file:
            file.write(content)
        self.system.move(f"{self.root}/{NEW}", path)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self.system.delete_file(f"{self.root}/{name}")

    def flush(self) -> None:
        """Waits until what was written is on the disk."""
        if self.is_folder:
            os.sync()


def storage(place: str) -> Storage:
    if not place.startswith(BUCKET):
        return Storage(LocalFileSystem(), str(Path(place).resolve()))
    known = lake_storage()
    system = S3FileSystem(endpoint_override=known.get("s3.endpoint"), region=known.get("s3.region"))
    return Storage(system, place.removeprefix(BUCKET).rstrip("/"))
