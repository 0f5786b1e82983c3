"""History: days of the lake brought to the tables of the store, and compared on both sides."""
