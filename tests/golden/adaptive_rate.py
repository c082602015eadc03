"""Writes tests/golden/adaptive_rate.inc: what botocore's own adaptive mode does with a story
of answers. Run again when botocore changes; the header says which version it was."""

import os
import random

import botocore
from botocore.retries import adaptive, bucket, throttling


class Clock:
    now = 0.0

    def current_time(self):
        return self.now

    def sleep(self, amount):
        self.now += amount


class Detector:
    throttled = False

    def is_throttling_error(self, **_):
        return self.throttled


def main():
    clock, detector, chance = Clock(), Detector(), random.Random(4)
    clock.now = 100.25
    tokens = bucket.TokenBucket(max_rate=1, clock=clock)
    curve = throttling.CubicCalculator(starting_max_rate=0, start_time=clock.now)
    clocker = adaptive.RateClocker(clock)
    limiter = adaptive.ClientRateLimiter(curve, clocker, tokens, detector, clock)
    rows = []
    for step in range(400):
        # busy, then throttled, then quiet, then busy again
        pause = [0.01, 0.07, 0.9, 0.03][step // 100] * chance.uniform(0.5, 1.5)
        clock.now = round(clock.now + pause, 6)
        # A whole token taken now and then, so that the level moves as well.
        taken = 0
        if limiter._enabled and step % 3 == 0:
            try:
                tokens.acquire(block=False)
                taken = 1
            except Exception:
                taken = -1
        detector.throttled = step in (40, 41, 95, 180, 181, 182, 330) or step > 392
        limiter.on_receiving_response()
        params = curve.get_params_snapshot()
        rows.append((clock.now, detector.throttled, taken, clocker.measured_rate,
                     params.w_max, params.k, tokens.max_rate, tokens.max_capacity,
                     tokens.available_capacity))
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "adaptive_rate.inc")
    with open(path, "w") as file:
        file.write(f"/* Made by adaptive_rate.py with botocore {botocore.__version__}: do "
                   "not edit. */\n")
        file.write("static const struct golden_rate golden_rates[] = {\n")
        for now, throttled, taken, *rest in rows:
            numbers = ", ".join(f"{value:.12g}" for value in rest)
            file.write(f"    {{{now:.6f}, {int(throttled)}, {taken}, {numbers}}},\n")
        file.write("};\n")


if __name__ == "__main__":
    main()
