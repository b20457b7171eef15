"""Rows of one plan trained abreast on the CPU: each number of a tiny network is a vector, one row in each lane."""
