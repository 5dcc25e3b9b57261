"""Records of a run, and how they are shown and stored. Plain numbers only, no tensors."""
