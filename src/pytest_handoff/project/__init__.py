"""Be the only one who touches the checkout: where things are, what git says, the hand-off folder read and written."""
