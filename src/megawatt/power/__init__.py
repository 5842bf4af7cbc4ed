"""The grid as seller and buyer of power: energy contracts, peak charges, reserve programmes, price models."""
