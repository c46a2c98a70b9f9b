"""Synthetic questions and conversations from a knowledge base."""
