"""How long a question takes from nothing: CPU time of `eval --format json`, as a ratio to importing yaml and tabulate.

    python benchmarks/start.py [RUNS]

Both commands run in turn as whole processes, so that what else the machine does weighs on both; the ratio of the medians
is what counts. The bar is 2.5. Also says whether sympy, numpy or jsonschema were imported, which they must not be.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BASE = ["-c", "import yaml, tabulate"]
QUESTION = ["cli.py", "eval", "rules/transformer.yaml", "inputs.yaml", "--format", "json"]
BAR = 2.5


def seconds(arguments: list[str]) -> float:
    """CPU seconds of one Python process, user and system."""
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} exited with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def imported() -> list[str]:
    """Which of the heavy packages the question imports."""
    code = f"import sys; sys.argv = {QUESTION!r}; import cli; cli.main(sys.argv[1:]); print('|'.join(sys.modules), file=sys.stderr)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted({"sympy", "numpy", "jsonschema"} & set(found.stderr.split("|")))


def main() -> int:
    """Measure and print; exit code 1 when over the bar."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    seconds(QUESTION)  # writes the .pyc files
    pairs = [(seconds(BASE), seconds(QUESTION)) for _ in range(runs)]
    base, question = (statistics.median(column) for column in zip(*pairs, strict=True))
    least = min(pair[1] for pair in pairs) / min(pair[0] for pair in pairs)
    heavy = imported()
    print(f"import yaml, tabulate   {base * 1000:7.1f} ms CPU (median of {runs})")
    print(f"eval --format json      {question * 1000:7.1f} ms CPU")
    print(f"ratio                   {question / base:7.2f}     (of the minima: {least:.2f}; bar: {BAR})")
    print(f"imported                {', '.join(heavy) or 'none of sympy, numpy, jsonschema'}")
    return 1 if heavy or question / base > BAR else 0


if __name__ == "__main__":
    sys.exit(main())
