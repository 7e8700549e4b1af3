"""The promise shown against servers that we did not write. docs/delivery.md says what is shown and what is not."""
