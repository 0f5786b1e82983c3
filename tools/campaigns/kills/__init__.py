"""Every command is killed at any step, or runs beside another."""
