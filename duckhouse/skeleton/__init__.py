"""A first version of a source, from the headers and some records of a drop."""
