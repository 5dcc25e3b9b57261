"""Predicts whether a method will run: shapes, sizes and schedules, before any data is read."""
