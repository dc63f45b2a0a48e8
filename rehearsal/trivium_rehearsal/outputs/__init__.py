"""What a cloud would answer for a resource that exists nowhere: made up, the same every
time, and of the right form.

The shape comes from the SDK's output types; what a program commonly uses (identifiers,
ARNs, self links, endpoints, hosts, keys) has the form of the real thing. Inputs are
echoed. Nothing here is ever taken for a fact: resources made this way are counted as
*checked* or *synthesised*, never as *executed*.
"""

from trivium_rehearsal.outputs.made import Made, make, preview, remade

__all__ = ["Made", "make", "preview", "remade"]
