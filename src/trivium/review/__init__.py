"""What a person must decide: a queue of tickets, decisions on them, and how good those
are."""

from trivium.review.measures import Alarm, Measures
from trivium.review.queue import ReviewQueue, Terms
from trivium.review.ticket import Draft, Settled, Shown, Stage, Ticket, judged_digest

__all__ = [
    "Alarm",
    "Draft",
    "Measures",
    "ReviewQueue",
    "Settled",
    "Shown",
    "Stage",
    "Terms",
    "Ticket",
    "judged_digest",
]
