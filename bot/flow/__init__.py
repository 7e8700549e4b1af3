"""The verbs of the path. They see ports and the domain, never a platform by name and never SQL.

intake.py     what a source found -> articles, their deliveries planned or updated
planning.py   article -> posts -> deliveries with slots
rewording.py  a manager's own words for an article on a channel
steering.py   what managers decide: approve, hold, cancel, send now, settle, pause, resume
dispatch.py   due deliveries -> attempts -> outcomes
reconcile.py  uncertain deliveries -> proof, or a person
listening.py  a reader's words -> an answer
checkup.py    what `doctor` says
refitting.py  a channel's limits as they are now -> what waits and no longer fits, rendered anew and held
linkcheck.py  what became of the addresses that a post leads to
"""
