"""Servers that mean harm, and the installed commands against them."""
