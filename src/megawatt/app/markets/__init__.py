"""``megawatt markets``: rotation, events and the outlook, from files to an answer, a page and JSON."""
