"""What meters say: signed batches, corrections, foreign formats, and what two meters say of the same energy."""
