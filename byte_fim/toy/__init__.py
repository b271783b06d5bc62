"""Sources and models small enough that everything about them is known; there to judge the rest, never to be used."""
