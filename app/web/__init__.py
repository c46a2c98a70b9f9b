"""The public side of the web: the chat widget, and the page that shows it full size."""
