"""Published results of shipped methods, and the distance of our own runs from them."""
