#!/usr/bin/env python3
"""Compares `profile check` with scipy and Evidently on data sets that the tests' expected numbers do not use.

Prints a table per data set: our number, theirs, and why they differ. Exits 1 when a difference is larger than
its explanation allows. `make statistics` builds the release and the environment first.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.datasets import load_diabetes, load_iris, load_wine

warnings.filterwarnings("ignore")
BINARY = pathlib.Path(__file__).resolve().parents[2] / ".build" / "release" / "ml_exporter"


def data_sets():
    """-> name, reference, current"""
    wine = load_wine(as_frame=True).frame
    mixed = wine.sample(frac=1, random_state=5)
    yield "wine, split at random", mixed[:118], mixed[118:]
    yield "wine, the wines of higher alcohol", wine[wine.alcohol <= 13.1], wine[wine.alcohol > 13.1]
    iris = load_iris(as_frame=True).frame
    yield "iris, two species then one", iris[iris.target < 2], iris[iris.target == 2]
    diabetes = load_diabetes(as_frame=True, scaled=False).frame
    yield "diabetes, older patients", diabetes[diabetes.age < 55], diabetes[diabetes.age >= 55]
    random = np.random.default_rng(17)
    count = 4000
    made = pd.DataFrame({
        "amount": random.lognormal(3, 1, 2 * count), "age": random.integers(18, 90, 2 * count),
        "ratio": random.beta(2, 5, 2 * count),
        "country": random.choice(["DE", "FR", "AT", "CH", "LI"], 2 * count, p=[.5, .3, .15, .04, .01]),
    })
    current = made[count:].copy()
    current["amount"] *= 1.5
    current.loc[current.index[::7], "country"] = "XX"
    yield "made: amount half as large again, a new country", made[:count], current


def ours(reference: pd.DataFrame, current: pd.DataFrame) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/reference.csv", f"{folder}/current.csv"]
        for frame, path in zip((reference, current), paths):
            frame.to_csv(path, index=False)
        subprocess.run([BINARY, "profile", "build", "--input", paths[0], "--model=m", "--version=1", "-o",
                        f"{folder}/p.json"], check=True, capture_output=True)
        done = subprocess.run([BINARY, "profile", "check", f"{folder}/p.json", "--input", paths[1], "--json"],
                              capture_output=True)
        return {column["name"]: column for column in json.loads(done.stdout)["columns"]}


def evidently(reference: pd.DataFrame, current: pd.DataFrame) -> dict:
    """-> by column: method, score, drifted by Evidently's defaults; PSI by its own bins"""
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType
    found = {}
    for name in reference.columns:
        kind = ColumnType.Numerical if pd.api.types.is_numeric_dtype(reference[name]) else ColumnType.Categorical
        before, now = reference[name].dropna(), current[name].dropna()
        results = []
        for wanted in (None, "psi"):
            test = get_stattest(before, now, kind, wanted)
            results.append((test.display_name, test(before, now, kind, None)))
        (method, default), (_, psi) = results
        found[name] = (method, default.drift_score, default.drifted, psi.drift_score)
    return found


def main() -> int:
    wrong = []
    for title, reference, current in data_sets():
        print(f"\n{title} ({len(reference)} and {len(current)} rows)")
        print("| column | PSI | Evidently's PSI | KS | scipy's KS | p | scipy's p | rank p | scipy's p | W1 | scipy's W1"
              " | drifted | Evidently |")
        print("|" + " --- |" * 13)
        mine, theirs = ours(reference, current), evidently(reference, current)
        for name in reference.columns:
            column, (method, score, drifted, psi) = mine[name], theirs[name]
            row = [name, f"{column['psi']:.4f}", f"{psi:.4f}"]
            if column["type"] == "numerical":
                a, b = reference[name].dropna().to_numpy(float), current[name].dropna().to_numpy(float)
                ks = stats.ks_2samp(a, b, method="asymp")
                rank = stats.mannwhitneyu(b, a, use_continuity=False, method="asymptotic")
                distance = stats.wasserstein_distance(a, b)
                row += [f"{column['ks']:.4f}", f"{ks.statistic:.4f}", f"{column['ks_pvalue']:.3g}",
                        f"{ks.pvalue:.3g}", f"{column['rank_pvalue']:.3g}", f"{rank.pvalue:.3g}",
                        f"{column['wasserstein']:.5g}", f"{distance:.5g}"]
                deviation = a.std() or 1
                # The KS distance lies within the bracket of 240 bins, W1 from 10 bins is a lower bound.
                if not column["ks"] - 1e-9 <= ks.statistic <= column["ks_upper"] + 1e-9:
                    wrong.append(f"{title}, {name}: KS {column['ks']}, scipy {ks.statistic}")
                if distance < column["wasserstein"] - 1e-9 * (deviation + abs(distance)):
                    wrong.append(f"{title}, {name}: W1 {column['wasserstein']}, scipy {distance}")
                # Values outside the reference's range share the outermost bins.
                if b.min() >= a.min() and b.max() <= a.max():
                    exact = len(np.unique(a)) <= 240 and set(b) <= set(a)
                    if ks.statistic - column["ks"] > (1e-9 if exact else 0.03):
                        wrong.append(f"{title}, {name}: KS {column['ks']}, scipy {ks.statistic}")
                    if (distance - column["wasserstein"]) / deviation > 0.12:
                        wrong.append(f"{title}, {name}: W1 {column['wasserstein']}, scipy {distance}")
                    # Values of one of the fine bins are ties.
                    if abs(np.log((column["rank_pvalue"] + 1e-9) / (rank.pvalue + 1e-9))) > 0.5:
                        wrong.append(
                            f"{title}, {name}: rank p {column['rank_pvalue']}, scipy {rank.pvalue}")
            else:
                row += ["-"] * 8
            row += [str(column.get("drifted", "-")), f"{method} {score:.3g}: {drifted}"]
            print("| " + " | ".join(row) + " |")
    for line in wrong:
        print(f"unexplained: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
