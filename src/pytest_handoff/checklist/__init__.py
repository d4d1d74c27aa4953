"""Lead from the words of a checklist line to a verdict on the evidence."""
