"""The verbs of the path. They see ports and the domain, never a platform by name and never SQL.

intake.py     what a source found -> articles, their deliveries planned or updated
planning.py   article -> posts -> deliveries with slots
steering.py   what managers decide: approve, hold, cancel, send now, settle, pause, resume
dispatch.py   due deliveries -> attempts -> outcomes
reconcile.py  uncertain deliveries -> proof, or a person
listening.py  a reader's words -> an answer
checkup.py    what `doctor` says
"""
