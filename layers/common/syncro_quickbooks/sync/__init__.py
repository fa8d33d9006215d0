"""What should happen: records, outbox, dispatches and policies. Knows neither HTTP nor XML."""
