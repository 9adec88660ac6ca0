"""What the Python tool's server does, timed: python_side.py CONFIG STUDY SUBMISSIONS JOBS...

Its command line leaves submitting and polling to a server, so its own library is called
here as that server calls it: one process, one SSH connection that stays open. JOBS are
files with ids of jobs, one a line; each is polled as if the server had submitted them.
Prints NAME MILLISECONDS lines: connect, submit, and poll.N for each file. Runs in the
private environment that bench/run makes.
"""

import asyncio
import contextlib
import io
import logging
import statistics
import sys
import time
from pathlib import Path

ROUNDS = 5


class Watch:
    """A stopwatch: `with Watch() as watch: ...`, then `watch.ms`."""

    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.ms = (time.perf_counter() - self.start) * 1000


async def main():
    from researchloop.core.config import load_config
    from researchloop.core.orchestrator import Orchestrator

    config = load_config(sys.argv[1])
    study, submissions, files = sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    server = Orchestrator(config)
    try:
        await measure(server, config, study, submissions, files)
    finally:
        await server.stop()


async def measure(server, config, study, submissions, files):
    """Prints the measurements."""
    from researchloop.db import queries

    with contextlib.redirect_stdout(io.StringIO()):
        await server.start()
    # Its own loop would poll at moments of its own.
    await server.job_monitor.stop_polling()
    cluster = config.clusters[0]
    target = {"host": cluster.host, "port": cluster.port, "user": cluster.user, "key_path": cluster.key_path}
    with Watch() as watch:
        await server.ssh_manager.get_connection(target)
    print("connect", watch.ms)
    spent = []
    made = []
    for _ in range(submissions):
        with Watch() as watch:
            sprint = await server.sprint_manager.run_sprint(study, "does a longer warm-up help")
        spent.append(watch.ms)
        made.append(sprint)
    print("submit", statistics.median(spent))
    for sprint in made:
        await server.sprint_manager.cancel_sprint(sprint.id)
    for file in files:
        jobs = Path(file).read_text().split()
        await server.db.execute("DELETE FROM events")
        await server.db.execute("DELETE FROM sprints")
        for number, job in enumerate(jobs):
            name = f"sp-{number:06x}"
            await queries.create_sprint(server.db, id=name, study_name=study, idea="an idea", directory=name)
            await queries.update_sprint(server.db, name, status="running", job_id=job)
        spent = []
        for _ in range(1 if len(jobs) > 20 else ROUNDS):
            with Watch() as watch:
                await server.job_monitor.poll_active_jobs()
            spent.append(watch.ms)
        active = await queries.get_active_sprints(server.db)
        if len(active) != len(jobs):
            sys.exit(f"python_side: {len(active)} of {len(jobs)} sprints are still active: the poll did not see the jobs")
        print(f"poll.{len(jobs)}", statistics.median(spent))


logging.disable(logging.CRITICAL)
asyncio.run(main())
