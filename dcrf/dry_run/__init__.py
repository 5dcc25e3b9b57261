"""Predicts whether a method will run: shapes, sizes and schedules, before it reads samples."""
