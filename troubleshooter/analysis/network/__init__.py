"""Ways out of a VPC, and what waited for them."""
