"""What of a completion is offered: pure functions on bytes."""
