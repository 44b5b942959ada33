"""Times of models on a device: how units are timed, by which processes, on which machine."""
