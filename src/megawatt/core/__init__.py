"""Words that every package uses: time, series with the time they were known, money, units, errors."""
