"""Stand-ins for the services this project talks to; never deployed, and sharing no code with what they check."""
