"""Damaged and odd files of every format, landed by the hundred."""
