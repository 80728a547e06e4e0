"""The reviewed list of differences between our groups and those of Pushgateway 1.5.1.

Patterns for the names of scenarios, and why they end otherwise here.
"""

DIFFERENCES = {
}
