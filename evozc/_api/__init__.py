"""What ``import evozc`` gives beyond what the rooms offer: whole jobs in one call, as commands do them."""
