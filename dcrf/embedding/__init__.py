"""Features of images by pretrained networks, which methods then cluster."""
