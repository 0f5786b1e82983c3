"""What of the project is up to date in a warehouse, so that a build leaves it out.

A node (a model, seed, snapshot or test) is up to date where it was built, or passed, from the code of now and the
deliveries of now, after all that it reads, and its table has as many rows as then. docs/builds.md says it for users.
"""
