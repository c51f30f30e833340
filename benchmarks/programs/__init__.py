"""Programs that people differentiate: in scalars, and as other engines have them quickest.

`program.py` says what a program is and turns it into the entries of a row; `table.py` lists them.
"""
