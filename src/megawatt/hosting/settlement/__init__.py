"""What a month costs: terms, events and readings of the log become a statement that both parties recompute."""
