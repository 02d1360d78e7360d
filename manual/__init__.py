"""What of the docs is made by programs: the reference of the command line, and the pictures.

python -m manual.reference      docs/reference/command-line.md
python -m manual.pictures       docs/images
"""
