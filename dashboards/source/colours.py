"""Colours that people with any kind of colour vision can tell apart (Okabe and Ito's set)."""

BLUE = "#0072B2"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
ORANGE = "#E69F00"
RED = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#999999"

# A panel's queries take these in turn; series of one query are shades of its colour.
IN_TURN = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW, GREY)

# Fixed sets of label values keep their colour on every panel.
OUTCOMES = {
    "ok": BLUE, "client_error": YELLOW, "server_error": RED, "timeout": ORANGE,
    "rejected": PURPLE, "cancelled": GREY,
}
CPU_MODES = {
    "user": BLUE, "system": RED, "iowait": ORANGE, "nice": SKY, "irq": YELLOW,
    "softirq": PURPLE, "steal": GREY,
}
STAGES = {"queue": ORANGE, "preprocess": SKY, "inference": BLUE, "postprocess": PURPLE}
