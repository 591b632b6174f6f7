"""The validation suites: expectations on the tables, one suite a table, for a judge that shares no SQL with us."""
