"""The monthly close: a page to look at, an Excel file for the auditor, and a signature."""
