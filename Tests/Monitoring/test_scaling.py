"""The plans of docs/scaling.md follow from the sizes that stand beside them."""

import re

from scaling import BEGIN, DOCUMENT, END, Measured, Page, tables


def test_the_plans_are_worked_out_from_the_pages_above_them():
    made = DOCUMENT.read_text().split(BEGIN)[1].split(END)[0]
    pages = [Page(*(int(number.replace(",", "")) for number in row))
             for row in re.findall(r"^\| [+a].*? \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", made, re.M)]
    feature = float(re.search(r"feature adds ([\d.]+) samples", made)[1])
    written = float(re.search(r"takes ([\d.]+) bytes per sample", made)[1])
    host, table, language = pages
    again = tables(Measured(host, table, feature, language, written))

    def numbers(text: str) -> list[str]:
        return text.split("| plan |")[1].splitlines()
    # What is written is rounded; sending is worked out from the rounded bytes per sample.
    for told, right in zip(numbers(made), numbers(again), strict=True):
        assert told.rsplit("|", 2)[0] == right.rsplit("|", 2)[0]
