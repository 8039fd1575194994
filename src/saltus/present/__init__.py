"""Reports of every result: typed tables, figures and remarks, for the terminal, for files or for a browser."""
