"""The engine: accepts connections, receives requests and lets an application answer each."""
