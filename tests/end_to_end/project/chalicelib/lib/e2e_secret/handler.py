"""Shows an environment variable, as it was at the import and as it is now."""

import os

AT_IMPORT = dict(os.environ)


def handler(name: str) -> dict[str, str | None]:
    return {"imported": AT_IMPORT.get(name), "called": os.environ.get(name)}
