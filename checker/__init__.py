"""An independent checker of dispatch plans, written from ``docs/plan-format.md`` alone."""
