"""A record that both parties, and a stranger, can check: a transparency log in the open C2SP formats.

Read from the bottom up:

* `numerals`, `hashes`, `tree`: one spelling for every number, the two hashes of RFC 6962, proofs in mirrored pairs
* `tiles`, `edge`, `tiled_tree`: the files that a log serves, how it grows, and proofs read from them
* `note`, `keys`, `checkpoint`, `cosignature`: signed heads of the log
* `policy`, `tlog_proof`, `audit`, `evidence`: whose word counts, and the checks that a stranger makes
* `witness`: the party that lets no log show two histories, as a pure state machine
* `canonical`, `entry`, `document`, `key_history`: signed entries, documents held by them, keys rotated and revoked
* `timestamp`, `anchor`: OpenTimestamps files, and what a block of Bitcoin says about a signed head
* `store`: the only part that touches a disk

It needs the standard library and `cryptography` for Ed25519, nothing else of megawatt, and neither numpy nor pandas:
an auditor can read and run it alone. Times are handed in as seconds since 1970-01-01 UTC.
"""
