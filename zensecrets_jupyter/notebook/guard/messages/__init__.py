"""Messages of a kernel: its session, streams, comms and binary buffers."""
