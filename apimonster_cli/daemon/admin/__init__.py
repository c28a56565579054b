"""What the running program tells about itself on `settings.admin`: figures for Prometheus and one page for people. Read only."""
