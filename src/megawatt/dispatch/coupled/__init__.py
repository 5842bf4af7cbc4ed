"""The fast path of a coupled site: plans by exact block and work recursions, bounds by split commitment."""
