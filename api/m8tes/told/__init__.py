"""What the door answers, as its description tells it. Views write their answers themselves (`shapes.py`).

A test compares these with real answers, field by field.
"""
