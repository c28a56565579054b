"""What happens to an event; knows no SQL, no sockets, no terminal."""
