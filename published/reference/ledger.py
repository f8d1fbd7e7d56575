"""Carry the bands of bands.json into the CSV files beside this folder."""

import csv
import io
import json

from common import BANDS, HERE

COLUMNS = ("n", "mean", "sd", "min", "max")


def main():
    """Fill the columns of each band; what is exact has none."""
    bands = {
        (row["chapter"], row["section"], row["metric"]): row
        for row in json.loads(BANDS.read_text(encoding="utf-8"))["bands"]
    }
    for path in sorted(HERE.parent.glob("*.csv")):
        with open(path, encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file)
        first = header.index(COLUMNS[0])
        for line in lines:
            entry = dict(zip(header, line))
            row = bands.get((path.stem, entry["section"], entry["metric"]))
            if row is None or entry["class"] == "exact":
                row = dict.fromkeys(COLUMNS, "")
            line[first : first + len(COLUMNS)] = [row[column] for column in COLUMNS]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *lines])
        path.write_text(text.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    main()
