"""Known vulnerabilities in what requirements.lock installs end this with 1; `make audit` and .ci/run call it.

Where the advisory service cannot be asked (no network but a package mirror) nothing was audited: that is said loudly,
and is no failure, because nobody can mend it there.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

COMMAND = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--requirement", "requirements.lock",
           "--format", "json", "--progress-spinner", "off", "--timeout", "10"]  # fmt: skip
UNASKED = "NOT AUDITED: no advisory service answered"


def judge(report: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return the exit code and what to say of a report of pip-audit."""
    packages = report["dependencies"]
    found = [
        f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in "
        + (", ".join(vulnerability["fix_versions"]) or "no version yet")
        for package in packages
        for vulnerability in package.get("vulns", [])
    ]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if len(skipped) == len(packages):
        return 0, [f"{UNASKED} for any of {len(packages)} packages"]
    said = [f"NOT AUDITED: {', '.join(skipped)}"] if skipped else []
    said.append(f"{len(packages) - len(skipped)} packages audited, {len(found)} known vulnerabilities")
    return int(bool(found)), [*found, *said]


def main() -> int:
    """Ask pip-audit, and say what it found."""
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    try:
        code, lines = judge(json.loads(done.stdout))
    except ValueError:  # it broke off before it had a report
        code, lines = 0, [UNASKED, *done.stderr.strip().splitlines()[-1:]]
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
