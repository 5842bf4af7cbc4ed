"""Markets of coins and shares: indices, rotation, event studies, counterfactuals, claims and the outlook to 2030."""
