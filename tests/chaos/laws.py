"""laws - what must hold after every blow, judged from outside: EC2's own list and call log
against the log against the API. No code of openasg's decides here."""

import subprocess

from cluster import Trouble


class Verdict:
    """Of one blow: what was broken, in words and in numbers."""

    def __init__(self):
        self.broken = []
        self.lost = self.doubled = self.orphans = 0

    def say(self, text):
        self.broken.append(text)


def effects_by_token(arena):
    """Client token -> the instances that EC2 ever started for it."""
    started = {}
    for call in arena.calls("RunInstances"):
        started.setdefault(call["token"], set()).update(call["ids"])
    return started


def no_launch_twice(arena, picture, verdict):
    """Distinct effects of a token, and live instances of a job, are at most what the log
    asked for. EC2 is read first: what it has done was in the log before."""
    started = effects_by_token(arena)
    alive = (picture or {"ec2": arena.ec2_instances()})["ec2"]
    arena.log.read_on()
    for token, ids in started.items():
        asked = arena.log.asked.get(token)
        if asked is None:
            verdict.doubled += len(ids)
            verdict.say(f"EC2 started {sorted(ids)} for token {token}, "
                        "which no job in the log has")
        elif len(ids) > asked:
            verdict.doubled += len(ids) - asked
            verdict.say(f"token {token}: {asked} asked, {len(ids)} started")
    live = {}
    for row in alive.values():
        job = row["tags"].get("openasg:job")
        live[job] = live.get(job, 0) + 1
    for job, count in live.items():
        asked = arena.log.planned.get(int(job or 0), {}).get("launch") or {"count": 0}
        if count > asked["count"]:
            verdict.doubled += count - asked["count"]
            verdict.say(f"job {job}: {asked['count']} asked, {count} live")


def no_lost_job(arena, verdict, dead_before):
    """Every planned job came to its end, none as a dead letter."""
    left = arena.log.open_jobs()
    if left:
        verdict.lost += len(left)
        verdict.say(f"jobs without an end: {sorted(left)}")
    dead = arena.ask("status")["dead_jobs"]
    if dead > dead_before:
        verdict.lost += dead - dead_before
        verdict.say(f"{dead - dead_before} dead letters")


def never_above_max(arena, verdict):
    if arena.watcher.most > arena.max:
        verdict.say(f"{arena.watcher.most} lived at once, max is {arena.max}")


def not_below_min_when_quiet(picture, verdict):
    low = picture["group"]["config"]["min"]
    if len(picture["serving"]) < low:
        verdict.say(f"{len(picture['serving'])} serve, min is {low}")


def acknowledged_orders_survive(arena, verdict):
    known = list(arena.marker.acknowledged)
    arena.log.read_on()
    missing = set(known) - arena.log.marks
    if missing:
        verdict.say(f"acknowledged orders not in the log: {sorted(missing)[:5]}")
    if not known:
        return
    shown = [s for s in arena.ask("schedule", "list", "web")
             if s["name"] == arena.marker.NAME]
    if not shown or shown[0]["desired"] < max(known):
        verdict.say(f"order {max(known)} was acknowledged, the state has "
                    f"{shown[0]['desired'] if shown else 'none'}")


def no_key_changes_hands(arena, verdict):
    """Nobody here gives an order to rebind: keys stay with the instance they came with."""
    for text in arena.log.keys_moved:
        verdict.say(text)


def no_agent_is_locked_out(arena, picture, verdict):
    """No agent ever came with other keys than its instance's: it was not refused; and who
    serves is enrolled."""
    for text in arena.log.disputes:
        verdict.say(f"an agent was refused: {text}")
    unbound = picture["serving"] - set(arena.log.keys) if picture else ()
    if unbound:
        verdict.say(f"serve without keys in the log: {sorted(unbound)}")


def log_verifies_and_replays(arena, verdict):
    for words, wanted in ((("log", "verify", arena.log_file()), "verified:         yes"),
                          (("replay", arena.log_file()), "identical")):
        text = arena.openasg(*words, check=False)
        if wanted not in text:
            verdict.say(f"openasg {' '.join(words[:2])}: {text.strip()[-300:]}")


def judge(arena, picture, dead_before):
    """All laws, after a blow; `picture` is None when it never became quiet."""
    verdict = Verdict()
    if picture is None:
        verdict.say("not quiet in time: " + arena.unrest)
        try:
            now = arena.look()
            verdict.orphans += len(now["orphans"])
            verdict.lost += len(now["lost"])
        except (Trouble, OSError, subprocess.SubprocessError) as trouble:
            verdict.say(str(trouble))
    else:
        not_below_min_when_quiet(picture, verdict)
    try:
        if picture is not None:
            no_lost_job(arena, verdict, dead_before)
        no_launch_twice(arena, picture, verdict)
        acknowledged_orders_survive(arena, verdict)
        no_key_changes_hands(arena, verdict)
        no_agent_is_locked_out(arena, picture, verdict)
        log_verifies_and_replays(arena, verdict)
    except (Trouble, OSError, subprocess.SubprocessError) as trouble:
        verdict.say(f"cannot be judged: {trouble}")
    never_above_max(arena, verdict)
    return verdict
