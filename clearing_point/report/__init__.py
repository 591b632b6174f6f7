"""The annual report: one model of plain data, rendered to pages."""
