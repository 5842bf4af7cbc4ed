"""What people see: command line, report, notebook helpers."""
