"""How files of a drop become landed rows: one module per format, and shared helpers."""
