"""The only place that opens outgoing sockets."""
