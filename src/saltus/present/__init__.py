"""Reports of every result as typed tables: for the terminal, for files, for a browser."""
