"""The plan of every interval: problem, exact kernels, general solver, certificate, policies, backtest."""
