"""The groups of the catalogue, one module each, of the group's own name: how their statistics are taken.

They are found by :data:`evozc.symbols.GROUPS`.
"""
