"""What looks at pages in a browser."""
