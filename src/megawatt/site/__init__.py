"""The site: connection, fleets, halls, contracts and limits, read from one file and checked."""
