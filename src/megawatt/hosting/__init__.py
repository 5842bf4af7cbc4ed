"""The AI tenant as a buyer of power: contracts, service levels, batch, capped, spot and storage work."""
