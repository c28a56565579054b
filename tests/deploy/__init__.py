"""What the program is shipped and run with: lock files, container, systemd unit."""
