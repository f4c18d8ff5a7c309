"""What scenarios are made of: one class a file, in folders as the palette shows them."""
