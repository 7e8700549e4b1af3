"""The verbs of the path. They see ports and the domain, never a platform by name and never SQL.

intake.py     what a source found -> articles, their deliveries planned or updated
planning.py   article -> posts -> deliveries with slots
rewording.py  a manager's own words for an article on a channel
editing.py    what managers write on an article: passage or own words, channels, alt texts
steering.py   what managers decide: approve, hold, cancel, send now, plans; the door to the next four
deciding.py   is it still as they saw it, does its state allow that, who decided
settling.py   uncertain deliveries -> there, absent or given up
releasing.py  the hold that stops everything, and what becomes of what came due while it lasted
withdrawing.py  published parts -> taken back
dispatch.py   due deliveries -> attempts -> outcomes
pacing.py     may it go out now: rates, caps, budgets, blackouts, lateness
hosts.py      which hosts do not answer, and when they are tried again
reconcile.py  uncertain deliveries -> proof, or a person
listening.py  a reader's words -> an answer
commanding.py a manager's words in a chat -> a decision
checkup.py    what `doctor` says
refitting.py  a channel's limits as they are now -> what waits and no longer fits, rendered anew and held
counting.py   published posts -> what their platforms count of them
results.py    what was counted: by post, by channel and day, as a table
linkcheck.py  what became of the addresses that a post leads to
"""
