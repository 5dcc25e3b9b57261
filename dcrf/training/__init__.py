"""The training loop, its optimizers, hooks, exit criteria and checkpoints."""
