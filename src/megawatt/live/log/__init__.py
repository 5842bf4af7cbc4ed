"""The log's doors: everything of it that listens or calls.

* `door`: a bounded HTTP server; `call`: a bounded HTTP client
* `publisher`: serves a log as the plain files it is; `remote`: reads a log that is served
* `witness`: a witness on disk behind a door; `cosigning`: asks witnesses, ours or foreign ones
* `calendars`: asks OpenTimestamps calendars

Decisions are made in `proof`, which opens no socket; here they are carried. Clocks are handed in as functions that give
whole seconds since 1970-01-01 UTC.
"""
