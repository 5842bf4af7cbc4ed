"""Where data come from, one module a source, and the local store."""
