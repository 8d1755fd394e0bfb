"""Period-wise extraction: what to ask an ERP for, in which order, and what it adds up to."""
