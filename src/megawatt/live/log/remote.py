"""Reads a log that is served, by this package or by any other in the C2SP formats."""

from megawatt.live.log.call import UnreachableError, get
from megawatt.proof.errors import FormatError

MAX_FILE_BYTES = 256 * 65_537
"""The longest bundle: 256 entries of 65,535 bytes, each behind its length."""


class RemoteLog:
    """The files below a URL, as `ServedDirectory` gives those of a directory.

    Args:
        url: Where `checkpoint` and `tile/...` stand.
        token: Opens the entries, where the log asks for one.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def fetch(self, path: str) -> bytes:
        """Bytes of a served path.

        Raises:
            FormatError: The log does not have the file.
            UnreachableError: No answer, or not to us.
        """
        status, body = get(f"{self._url}/{path}", MAX_FILE_BYTES, self._headers)
        if status == 404:
            raise FormatError(f"no file {path}", "the log must serve it", "Fetch it again, or ask the log's owner.")
        if status != 200:
            closed = status in {401, 403}
            raise UnreachableError(
                f"status {status} for {path} at {self._url}",
                "entries are served to who shows a token" if closed else "a served file answers with 200",
                "Ask the log's owner for a token." if closed else "Try again later.",
            )
        return body
