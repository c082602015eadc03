/* faults - every fault the simulator knows, with its plain name. A seed draws which of
 * them are on (a swarm) and how often they strike. */
#ifndef ASG_SIM_FAULTS_H
#define ASG_SIM_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/random.h"

/* name, word, kind: F of a frame, C of an EC2 call, D of the disk, L of what is rare
 * enough to strike half of the time (chance each); T of time (so many a simulated day).
 * Then what it does. */
#define SIM_FAULT_LIST(X)                                                                \
    X(DROP_FRAME, "drop_frame", F, "a frame is lost")                                    \
    X(DELAY_FRAME, "delay_frame", F, "a frame comes up to 20 s late")                    \
    X(REPEAT_FRAME, "repeat_frame", F, "a frame comes twice")                            \
    X(REORDER_FRAMES, "reorder_frames", F, "a frame overtakes others")                   \
    X(CUT_LINK, "cut_link", T, "a link is cut, one way or both, for seconds to minutes") \
    X(CRASH_BEFORE_COMMIT, "crash_controller_before_commit", D,                          \
      "the controller dies with a batch not yet written")                                \
    X(CRASH_AFTER_COMMIT, "crash_controller_after_commit", D,                            \
      "it dies with a batch written and nothing dispatched")                             \
    X(CRASH_AFTER_DISPATCH, "crash_controller_after_dispatch", F,                        \
      "it dies just after a job left")                                                   \
    X(CRASH_CONTROLLER, "crash_controller", T, "it dies at any moment")                  \
    X(RESTART_CONTROLLER, "restart_controller", T, "it is stopped and started cleanly")  \
    X(CRASH_WORKER_BEFORE_CALL, "crash_worker_before_call", C,                           \
      "a worker dies with the EC2 call not sent")                                        \
    X(CRASH_WORKER_AFTER_CALL, "crash_worker_after_call", C,                             \
      "a worker dies after EC2 acted, before its result left")                           \
    X(CRASH_AGENT, "crash_agent", T, "an agent dies; it is started again, mostly")       \
    X(PAUSE_PROCESS, "pause_process", T,                                                 \
      "controller or worker stands still for longer than a lease")                       \
    X(DISK_FULL, "disk_full", T, "the log cannot be written for a while")                \
    X(TORN_WRITE, "torn_write", D, "a write fails half way: nothing of it is kept")      \
    X(LOST_UNSYNCED_WRITE, "lost_unsynced_write", D,                                     \
      "the machine loses power while a batch is written: it is gone")                    \
    X(DAMAGED_SNAPSHOT, "damaged_snapshot", D, "a snapshot is only half on the disk")    \
    X(ANSWER_LOST_BY_DISK, "commit_answer_lost", D,                                      \
      "a batch is durable and its writer is told that it failed")                        \
    X(EC2_THROTTLES, "ec2_throttles", C, "RequestLimitExceeded")                         \
    X(EC2_5XX_BEFORE, "ec2_5xx_before_effect", C, "InternalError, nothing done")         \
    X(EC2_5XX_AFTER, "ec2_5xx_after_effect", C, "InternalError, and yet it was done")    \
    X(EC2_TIMEOUT_BEFORE, "ec2_timeout_before_effect", C, "no answer, nothing done")     \
    X(EC2_TIMEOUT_AFTER, "ec2_timeout_after_effect", C, "no answer, and it was done")    \
    X(EC2_LATE_EFFECT, "ec2_late_effect", C, "it is done after the caller gave up")      \
    X(EC2_TRUNCATED, "ec2_truncated_answer", C, "done, and half of the answer comes")    \
    X(EC2_NO_CAPACITY, "ec2_insufficient_capacity", T,                                   \
      "a zone, or all, is dry for minutes")                                              \
    X(EC2_LAGS, "ec2_describe_lags", T, "listings are up to 5 minutes behind")           \
    X(INSTANCE_DIES, "instance_dies", T, "EC2 terminates an instance")                   \
    X(INSTANCE_HANGS, "instance_hangs", T, "an instance runs and does nothing any more") \
    X(NEVER_BOOTS, "instance_never_boots", T,                                            \
      "what is launched in the next minutes has no agent")                               \
    X(DIES_AT_LAUNCH, "instance_dies_at_launch", T,                                      \
      "what is launched in the next minutes ends at once")                               \
    X(SPOT_RECLAIMED, "spot_reclaimed", T, "several instances of a zone end together")   \
    X(MASS_SILENCE, "mass_silence", T, "most agents of a group are not heard")           \
    X(CLOCK_JUMPS, "clock_jumps", T, "a wall clock moves by up to an hour")              \
    X(CLOCK_DRIFTS, "clock_drifts", T, "a clock runs up to 200 ppm fast or slow")        \
    X(STRAY_INSTANCE, "stray_instance", T,                                               \
      "somebody starts an instance with our tags by hand")                               \
    X(BURST_AFTER_CUT, "burst_after_cut", L,                                             \
      "what was sent over a cut link comes at once when it is whole")                    \
    X(STOP_WORKER, "stop_worker", T, "a worker is stopped cleanly and started again")    \
    X(ZONE_CUT_OFF, "zone_cut_off", T, "no agent of a zone is heard, of any group")      \
    X(AGENT_HANGS, "agent_hangs", T, "an agent does nothing any more, its host answers") \
    X(REFUSED_CREDENTIALS, "refused_credentials", T,                                     \
      "EC2 refuses a worker's credentials for minutes")                                  \
    X(EC2_AWAY, "ec2_away", T, "EC2 answers nobody for minutes, or only with errors")    \
    X(EC2_QUOTA, "ec2_quota", T, "the account may have hardly any more instances")       \
    X(EC2_SHORT_LAUNCH, "ec2_short_launch", C, "fewer are launched than asked for")      \
    X(SPOT_NOTICE, "spot_notice", T, "EC2 announces that it takes a Spot instance back") \
    X(REBALANCE_NOTICE, "rebalance_notice", T, "EC2 recommends to leave an instance")    \
    X(SCHEDULED_EVENT, "scheduled_event", T, "EC2 schedules a stop, a reboot, ...")      \
    X(IMPAIRED, "instance_impaired", T, "an instance's status checks fail")              \
    X(EC2_PROTECTS, "ec2_protects", T,                                                   \
      "somebody protects an instance from termination in EC2")                           \
    X(LYING_AGENT, "lying_agent", T, "one agent of a group sends hostile reports")       \
    X(OLD_BACKUP, "old_backup", T,                                                       \
      "the log goes back to a copy of before, at a restart")                             \
    X(EC2_NOT_FOUND, "ec2_not_found", L,                                                 \
      "EC2 does not know an instance of the last minutes that it is to end or to tag")   \
    X(REIMAGED, "reimaged", T,                                                           \
      "an instance's disk is made anew: its agent has other keys")                       \
    X(THIEF, "thief", T, "somebody with a launch's token asks for an instance of it")

enum sim_fault {
#define X(name, word, kind, what) SIM_FAULT_##name,
    SIM_FAULT_LIST(X)
#undef X
        SIM_FAULTS
};

extern const char *const sim_fault_words[SIM_FAULTS];
extern const char *const sim_fault_texts[SIM_FAULTS];

struct sim_swarm {
    struct sim_random streams[SIM_FAULTS];
    uint64_t draws;              /* of a life: bursts before this one */
    uint32_t ppm[SIM_FAULTS];    /* of those that strike by chance; 0: off */
    int64_t mean_us[SIM_FAULTS]; /* between two of those that strike by time; 0: off */
    uint64_t hits[SIM_FAULTS];
};

/* Which faults are on, and how often, for this seed; the `no`th time of a life. */
void sim_swarm_draw(struct sim_swarm *swarm, uint64_t seed, uint64_t no);

#endif
