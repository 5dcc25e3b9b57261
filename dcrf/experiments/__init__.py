"""Many runs: each in a process of its own, so that the failure of one stays its own."""
