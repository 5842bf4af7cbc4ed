"""What listens, calls and acts: `live.log` is the part of the log that speaks to other machines."""
