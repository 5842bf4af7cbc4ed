"""What will be, with its uncertainty, from what is known at the time: forecasters, backtests that cannot peek, scores."""
