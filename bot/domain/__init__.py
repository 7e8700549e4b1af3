"""Pure rules: no input or output, no clock, no randomness. `now` and `rng` are arguments.

article.py   Article, Image                 excerpt.py    Excerpt           campaign.py  Campaign
channel.py   Limits, Account, Channel       post.py       Post, Part, Span, Card
plan.py      Plan: the rule that makes slots              lateness.py  what to do with what is late
delivery.py  State, TRANSITIONS, Delivery, Attempt, Receipt, PublishKey
directory.py Directory: who may be mentioned              chat.py      Question, Answer, ArticleCard
outcome.py   what a platform answered: a closed union     backoff.py   when to try again
text/        measuring, links, blocks and sentences       excerpting/ rendering/ composing.py  article -> excerpt -> post
"""
