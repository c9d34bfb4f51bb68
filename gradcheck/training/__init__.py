"""The end-to-end training check: gradients, optimizer, loss, accuracy and wiring on real data."""
