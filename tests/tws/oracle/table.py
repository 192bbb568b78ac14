"""``python -m tests.tws.oracle.table``: message by message, text and protobuf, proven by which client and how often.

A cell names each real client that agreed on every value, with the number of messages compared and of server
versions they were compared at. "-" is a form that does not exist, "not proven" one that no client here speaks.
"""

import sys
from collections import defaultdict

from capanalyze.tws.schema import MessageType, messages
from tests.tws.oracle import runs, test_oracle_requests
from tests.tws.oracle.runs import Key, Outcome

WITHOUT = "not proven"


def outcomes(samples: int) -> dict[str, Outcome]:
    """Every run by the name of its oracle."""
    made = {client: test_oracle_requests.run(client, samples) for client in test_oracle_requests.CLIENTS}
    frames = runs.answer_frames(38, 50, samples) + runs.answer_frames(52, 226, samples)
    made["ibapi-latest decoder"] = runs.read_answers("ibapi-latest", frames)
    made["ibapi 9.81 decoder"] = runs.read_answers("ibapi", runs.answer_frames(100, 157, samples, only=51))
    made["ib_async decoder"] = runs.read_answers("ib_async", runs.answer_frames(157, 178, samples))
    made["protobuf runtime"] = runs.protobuf_messages(1, 10 * samples)[1]
    made["protobuf runtime, 10.46"] = runs.protobuf_messages(1, 10 * samples, "nautilus-ibapi")[1]
    return made


def cells(made: dict[str, Outcome]) -> dict[Key, list[str]]:
    """For each message and form what it was proven by."""
    found: dict[Key, list[str]] = defaultdict(list)
    for oracle, outcome in made.items():
        for key, count in outcome.messages.items():
            versions = outcome.versions[key]
            span = f" at {min(versions)}..{max(versions)}" if len(versions) > 1 else ""
            found[key].append(f"{oracle} {count}{span}")
    return found


def table(made: dict[str, Outcome]) -> list[str]:
    """The rows in Markdown."""
    proven = cells(made)
    lines = ["| | id | message | text | protobuf |", "| --- | --- | --- | --- | --- |"]
    for from_client in (True, False):
        for row in messages(from_client).values():
            arrow = "C → S" if from_client else "S → C"
            text = _cell(proven, row, "text") if row.text else "-"
            protobuf = _cell(proven, row, "protobuf") if row.protobuf else "-"
            lines.append(f"| {arrow} | {row.id} | {row.name} | {text} | {protobuf} |")
    return lines


def _cell(proven: dict[Key, list[str]], row: MessageType, form: str) -> str:
    return "; ".join(proven.get((row.from_client, row.id, form), [WITHOUT]))


def main() -> int:
    """Print the table, what is not proven, and every difference; 1 if there is one."""
    made = outcomes(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    lines = table(made)
    print("\n".join(lines))
    cells_ = [cell.strip() for line in lines[2:] for cell in line.split("|")[4:6]]
    print(f"\n{sum(cell not in ('-', WITHOUT) for cell in cells_)} forms proven, {cells_.count(WITHOUT)} not")
    for oracle, outcome in made.items():
        compared = sum(outcome.messages.values())
        print(f"{oracle}: {compared} messages compared, {len(outcome.differences)} differences")
        for line in outcome.differences + outcome.unflagged:
            print(f"  {line}")
    return 1 if any(outcome.differences or outcome.unflagged for outcome in made.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
