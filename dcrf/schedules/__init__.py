"""Schedules: numbers that change during training, one stem each."""
