#!/usr/bin/env python3
"""Times commands side by side: stopwatch.py ROUNDS COMMAND...

Every round runs each command once, one after the other, so that a busy moment of the
machine meets all of them. Prints the median of each in milliseconds, one a line.
A command that fails ends the measurement: the time of an error is no result.
"""

import os
import shlex
import shutil
import statistics
import sys
import time


def once(arguments, complaints):
    """Runs one command to its end; returns milliseconds."""
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, complaints, 2)]
    start = time.perf_counter_ns()
    child = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=actions)
    _, status = os.waitpid(child, 0)
    spent = time.perf_counter_ns() - start
    os.close(null)
    return spent / 1e6, os.waitstatus_to_exitcode(status)


def main():
    rounds = int(sys.argv[1])
    commands = [shlex.split(text) for text in sys.argv[2:]]
    for command in commands:
        command[0] = shutil.which(command[0]) or sys.exit(f"stopwatch: {command[0]} is not there")
    times = [[] for _ in commands]
    for number in range(rounds):
        for command, spent in zip(commands, times):
            complaints = os.memfd_create("complaints")
            milliseconds, status = once(command, complaints)
            if status != 0:
                os.lseek(complaints, 0, os.SEEK_SET)
                said = os.read(complaints, 2000).decode(errors="replace")
                sys.exit(f"stopwatch: exit {status}: {shlex.join(command)}\n{said}")
            os.close(complaints)
            spent.append(milliseconds)
    for spent in times:
        print(f"{statistics.median(spent):.4f}")


main()
