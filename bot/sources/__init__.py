"""Article in. Each source reads what is there and never lets one faulty file hide another.

folder.py      the managers' folder: finds files, waits until they are whole, reports what it cannot take
directory.py   the managers' directory: who may be mentioned, by which handle
matter.py      the front matter: fields, their types, the line each stands on
article.py     one file's bytes -> Article          pictures.py   the pictures it names -> Images
markdown.py    Markdown -> text and blocks          webpage.py    a page or fragment -> text and blocks
plain.py       plain text -> flowing text and blocks
language.py    which language a text is in, offline
"""
