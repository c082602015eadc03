"""verdict - what came of one attack, and what an attack is."""


class Verdict:
    """`require` names what must hold; the first thing that does not is the verdict."""

    def __init__(self, name):
        self.name = name
        self.tried = self.refused = self.memory = self.missed = self.late = "-"
        self.failures = []
        self.notes = []
        self.seconds = 0.0

    @property
    def is_refused(self):
        return not self.failures

    def require(self, holds, what):
        if not holds:
            self.failures.append(what)

    def fail(self, what):
        self.failures.append(what)

    def note(self, text):
        self.notes.append(text)

    def count(self, tried, refused):
        self.tried, self.refused = tried, refused

    def feel(self, felt, memory_mb=64):
        """Takes over what the honest felt: nothing is missed, late or swollen."""
        self.memory = f"{felt.before_kb / 1024:.0f}+{felt.grown_mb():.0f}"
        self.missed, self.late = felt.missed, felt.late
        self.note(f"{felt.asked} orders, the worst {felt.worst_s * 1000:.0f} ms; "
                  f"{felt.missed} reports missed; memory +{felt.grown_mb():.1f} MB")
        if felt.world.is_sanitized():  # memory and time are the sanitizer's
            memory_mb *= 8
        self.require(felt.world.is_running("controller"), "the controller died")
        self.require(not felt.trouble, f"an honest order failed: {felt.trouble}")
        self.require(felt.missed == 0, f"{felt.missed} honest reports were missed")
        self.require(felt.late == 0, f"{felt.late} honest orders were late "
                                     f"(worst {felt.worst_s:.1f} s)")
        self.require(felt.grown_mb() <= memory_mb,
                     f"memory grew by {felt.grown_mb():.0f} MB, more than {memory_mb}")

    def words(self):
        return "refused" if self.is_refused else "GOT THROUGH: " + "; ".join(self.failures)


class Attack:
    """`name` begins with the hole of the security trial: H5-descriptors. `run(verdict,
    build, is_short)` plays it."""

    def __init__(self, name, what, run, is_short=True):
        self.name, self.what, self.run, self.is_short = name, what, run, is_short
