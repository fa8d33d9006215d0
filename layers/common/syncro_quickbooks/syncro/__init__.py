"""What Syncro says: event models, snapshots and the API client."""
