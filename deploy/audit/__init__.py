"""What must always be true of all services' data, and whether it is: one statement for each, and nothing is changed."""
