"""alignsim: an agent-based simulation of alliance alignment choices."""

__version__ = "0.1.0"
