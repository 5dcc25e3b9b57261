"""What the framework costs and what its methods reach, each a command."""
