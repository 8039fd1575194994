"""Reading: files of any training to labelled curves."""
