"""megawatt decides what every megawatt of a compute site does: mine, serve AI, or stand by for the grid."""
