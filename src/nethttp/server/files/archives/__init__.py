"""Archives of directories: what is in one, and how zip and tar have it, made while it is sent."""
