"""burn - the demo's workload: burns as much CPU as a file says, like a server with that
much to do. Usage: burn.py FILE CAPACITY_MILLI. The file holds a share in percent."""

import sys
import time

path, capacity = sys.argv[1], int(sys.argv[2]) / 1000
SLICE = 0.05

share = 0.0
next_look = 0.0
owed = 0.0  # CPU seconds still to burn
last_wall = time.monotonic()
last_cpu = time.process_time()
while True:
    wall, cpu = time.monotonic(), time.process_time()
    owed += (wall - last_wall) * capacity * share - (cpu - last_cpu)
    owed = max(min(owed, SLICE), -SLICE)
    last_wall, last_cpu = wall, cpu
    if wall >= next_look:
        next_look = wall + 0.25
        try:
            with open(path) as file:
                share = min(float(file.read() or 0), 100.0) / 100
        except (OSError, ValueError):
            share = 0.0
    if owed <= 0:
        time.sleep(0.02)
        continue
    until = time.process_time() + min(owed, SLICE / 2)
    while time.process_time() < until:
        pass
