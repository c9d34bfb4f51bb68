"""The parts of `gradcheck.targets`: run a user's definitions, and nothing else."""
