"""The choice of the decade: deals and bids, scenarios, cash flows; what would turn the answer, always with its range."""
