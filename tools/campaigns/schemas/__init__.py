"""Tables of PostgreSQL that are drawn as nobody would make them, extracted and compared with what they hold."""
