"""The parts of `gradcheck.isolate` and `gradcheck.child`: limits, messages, supervision."""
