"""The command that a message tells users to run."""


def command(source: str, *options: str) -> str:
    return " ".join(("python -m scripts.extract_postgres", source, *options))
