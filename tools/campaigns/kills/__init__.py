"""Every command is killed at any step, or runs next to another."""
