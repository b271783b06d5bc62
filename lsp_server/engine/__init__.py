"""Who is answered, when, and with what: the one thread that asks the model."""
