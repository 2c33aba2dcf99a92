"""Tables as text: lists of links and matrices."""
