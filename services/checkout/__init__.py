"""Orders: what is asked for, what it costs, that it is paid, and that each line of it is done or given back."""
