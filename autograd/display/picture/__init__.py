"""What a picture shows, as boxes and arrows."""
