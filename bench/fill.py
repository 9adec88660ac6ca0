#!/usr/bin/env python3
"""Puts N finished sprints into a database: fill.py ours|python DATABASE N

The program under test has made the file and its tables; only rows are added here. Both
programs get the same ideas, summaries and numbers of events.
"""

import json
import random
import sqlite3
import sys

WORDS = "does a longer warm-up help the small model when the batch is large and the data are noisy".split()
STEPS = ["research", "red_team_1", "fix_1", "report", "summarize"]
EVENTS = 8
JOURNAL = 10


def sprints(count):
    """The same sprints for both programs."""
    dice = random.Random(7)
    ids = dice.sample(range(16**6), count)
    for number, one in enumerate(ids):
        minutes = number * 7
        day, rest = divmod(minutes, 1440)
        year, day = 2020 + day // 336, day % 336
        date = f"{year}-{1 + day // 28:02}-{1 + day % 28:02}"
        yield {
            "id": f"sp-{one:06x}",
            "study": "s" if number % 3 else "other",
            "idea": " ".join(dice.choices(WORDS, k=25)),
            "summary": " ".join(dice.choices(WORDS, k=100)),
            "date": date,
            "time": f"{rest // 60:02}:{rest % 60:02}:00",
            "status": "failed" if number % 5 == 0 else "completed",
            "number": number,
        }


def insert(database, table, rows):
    """Adds rows, given as dictionaries with the same keys."""
    rows = iter(rows)
    first = next(rows)
    names, marks = ", ".join(first), ", ".join(f":{name}" for name in first)
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
    database.execute(statement, first)
    database.executemany(statement, rows)


def ours(database, count):
    """Sprints, their jobs, steps, journals and events."""
    insert(database, "sprints", ({
        "id": one["id"], "study_name": one["study"], "cluster": "here", "scheduler": "local", "idea": one["idea"],
        "status": one["status"], "reason": "step_failed" if one["status"] == "failed" else None,
        "detail": "", "hint": "", "job_id": str(1000 + one["number"]),
        "directory": f"{one['date']}--{one['id']}", "remote_dir": f"/nowhere/{one['date']}--{one['id']}",
        "created_at": f"{one['date']}T{one['time']}Z", "submitted_at": f"{one['date']}T{one['time']}Z",
        "started_at": f"{one['date']}T{one['time']}Z", "completed_at": f"{one['date']}T{one['time']}Z",
        "request": json.dumps({"options": [["mem", "16G"]], "rounds": 3, "model": None}),
        "attempt": 1, "seconds": 28800, "summary": one["summary"], "cost_usd": one["number"] % 97 / 10,
        "results_at": f"{one['date']}T{one['time']}Z", "results_tries": 1,
    } for one in sprints(count)))
    insert(database, "jobs", ({
        "sprint_id": one["id"], "attempt": 1, "name": f"rl-{one['id']}-1", "job_id": str(1000 + one["number"]),
        "sent_at": f"{one['date']}T{one['time']}Z", "words": "COMPLETED 0:0",
    } for one in sprints(count)))
    insert(database, "steps", ({
        "sprint_id": one["id"], "position": position, "label": label, "title": label, "state": "done", "seconds": 600,
    } for one in sprints(count) for position, label in enumerate(STEPS)))
    insert(database, "journal", ({
        "sprint_id": one["id"], "seq": seq, "incarnation": 1, "time": f"{one['date']}T{one['time']}Z", "kind": "tool",
        "line": json.dumps({"v": 1, "seq": seq, "kind": "tool", "step": "research", "detail": one["idea"]}),
    } for one in sprints(count) for seq in range(1, JOURNAL + 1)))
    insert(database, "events", ({
        "time": f"{one['date']}T{one['time']}Z", "sprint_id": one["id"], "kind": "state", "data": "{\"to\":\"running\"}",
    } for one in sprints(count) for _ in range(EVENTS)))


def python(database, count):
    """Sprints and their events."""
    database.execute("INSERT OR IGNORE INTO studies (name, cluster, sprints_dir) VALUES ('other', 'here', 'other')")
    insert(database, "sprints", ({
        "id": one["id"], "study_name": one["study"], "idea": one["idea"], "status": one["status"],
        "job_id": str(1000 + one["number"]), "directory": f"/nowhere/{one['date']}--{one['id']}",
        "created_at": f"{one['date']} {one['time']}", "started_at": f"{one['date']} {one['time']}",
        "completed_at": f"{one['date']} {one['time']}", "summary": one["summary"],
        "metadata_json": json.dumps({"job_options": {"mem": "16G"}}),
    } for one in sprints(count)))
    insert(database, "events", ({
        "sprint_id": one["id"], "event_type": "state", "data_json": "{\"to\":\"running\"}",
    } for one in sprints(count) for _ in range(EVENTS)))


def main():
    kind, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    database = sqlite3.connect(path)
    with database:
        {"ours": ours, "python": python}[kind](database, count)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


main()
