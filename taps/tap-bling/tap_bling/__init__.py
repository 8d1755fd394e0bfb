"""Singer tap for the trial balance and the subledger of Bling."""
