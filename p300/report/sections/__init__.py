"""The sections of a report: one topic a file, its text, tables and figures."""
