"""The four ERPs over HTTPS, as the contract and the vendors describe them."""
