"""Files of every format, spoilt and odd, that are landed by the hundred."""
