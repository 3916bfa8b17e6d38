"""What each command does, from settings and folders to the last word. A command is a function of its session."""
