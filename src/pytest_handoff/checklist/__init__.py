"""Turn the words of a checklist line into a verdict on the evidence."""
