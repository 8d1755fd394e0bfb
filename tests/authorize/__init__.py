"""`--authorize`, from the printed address to a run with the token that it gave."""
