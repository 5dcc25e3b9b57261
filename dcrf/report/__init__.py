"""An HTML page of finished runs, as a function of their folders."""
