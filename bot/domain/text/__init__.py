"""How texts are counted, cut and understood.

measure.py     length of a text under a channel's Limits       emoji.py      sequences that count as one (table)
links.py       links, mentions and tags in a text              hosts.py tlds.py  which words are internet hosts
marks.py       what a post marks by itself                     quotes.py     which quotation marks belong together
blocks.py      paragraphs, headings, lists of plain text       marginalia.py bylines, captions, imprints around it
sentences.py   where sentences end                             words.py wordlists.py  small words of each language
"""
