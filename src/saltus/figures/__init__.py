"""One file a family of figures, and the style they share."""
