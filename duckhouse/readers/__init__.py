"""How files of a drop become landed rows: one module a format, and the delivery that they make together."""
