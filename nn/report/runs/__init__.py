"""Several runs side by side: what each keeps of itself, and the page that compares them."""
