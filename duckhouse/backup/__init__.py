"""Backups: what cannot be made again, kept in a folder or a bucket, and put back into an empty place."""
