"""History: copies days of the lake to the tables of the store, and compares both sides."""
