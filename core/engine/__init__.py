"""All that computes with networks: how they are built, trained and measured. The only room that imports torch."""
