"""How texts are counted, cut and understood.

measure.py    length of a text under a channel's Limits          links.py      links, mentions and tags in a text
blocks.py     paragraphs, headings, lists ... of plain text       sentences.py  where sentences end
tlds.py       the top-level domains (data)
"""
