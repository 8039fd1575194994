"""Many runs into a store: what drives it."""
