"""The reviewed list of differences between our groups and those of Pushgateway 1.5.1.

Patterns for the whole names of scenarios, and why they end otherwise here.
"""

DIFFERENCES = {
    "path (base64 of a byte that is )?no UTF-8 (PUT|POST|DELETE)":
        "a label that is no UTF-8 is 400 at once; the peer refuses the push, notes its time in a group "
        "with that label, and from then on its page is 500",
    "path query (PUT|POST|DELETE)":
        "400 names the parameter that is not known; the peer ignores it",
    "path capitals (PUT|POST|DELETE)":
        "404; the peer's router guesses another spelling and redirects there",
    "body duplicate but for an empty label":
        "an empty label is no label to Prometheus, which would find the series twice on the page",
    "body histogram with a bound twice":
        "400, because the page would have one bucket twice",
    "body histogram with a negative count":
        "400; the peer shows 2^64 - 1",
    "body own name":
        "the peer puts its own HELP over a pushed one",
    "message type without the field":
        "400 here and there; the peer also notes the time of failure",
    "message (bad name|no name|unknown type)":
        "400; the peer takes over what no parser of its page understands, or nothing at all",
    "encoding (gzip cut off|gzip with a wrong sum|gzip with noise behind)":
        "400; the peer does not look at what follows the last line",
    "encoding capitals":
        "names of encodings have no case (RFC 9110, 8.4.1)",
    "encoding deflate":
        "415 says what is wrong; the peer reads any other encoding as text",
    "method OPTIONS":
        "405; the peer tells the methods",
}
