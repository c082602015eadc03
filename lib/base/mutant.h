/* mutant - deliberate mistakes, so that tests can prove that they would see them.
 *
 * The shipped programs have none: without ASG_MUTANTS the macro is the constant false.
 * The simulator is built once more with them (tests/CMakeLists.txt); one at a time is on,
 * and the law that guards the place has to catch it (docs/simulator.md, "Mutants").
 */
#ifndef ASG_BASE_MUTANT_H
#define ASG_BASE_MUTANT_H

#include <stdbool.h>

/* name, the law that must catch it, the mistake */
#define ASG_MUTANT_LIST(X)                                                               \
    X(TOKEN_CHANGES_ON_RETRY, "every_effect_was_committed_first",                        \
      "worker: a launch that is repeated gets another client token")                     \
    X(NEW_ATTEMPT_BEFORE_RESOLVED, "no_launch_twice_for_one_job",                        \
      "core: a launch of unknown outcome is tried elsewhere at once")                    \
    X(DISPATCH_BEFORE_COMMIT, "acknowledged_commands_survive",                           \
      "commit: effects are released, then written")                                      \
    X(RELEASE_AFTER_FAILED_COMMIT, "every_effect_was_committed_first",                   \
      "commit: a batch whose write failed is released all the same")                     \
    X(REPLY_BEFORE_COMMIT, "acknowledged_commands_survive",                              \
      "controller: an order is answered when it is taken")                               \
    X(HALT_IS_FORGOTTEN, "every_effect_was_committed_first",                             \
      "dispatch: the kill switch does not hold jobs back")                               \
    X(IN_FLIGHT_DO_NOT_COUNT, "never_above_max",                                         \
      "core: launches under way leave room for more")                                    \
    X(TERMINATING_DO_NOT_COUNT, "never_above_max",                                       \
      "core: instances on their way out leave room at once")                             \
    X(PROTECTION_IS_FORGOTTEN, "no_terminate_of_protected",                              \
      "core: protected instances may be chosen for scale-in")                            \
    X(SILENCE_IS_DEATH, "no_mass_termination_on_silence",                                \
      "core: a silent agent is enough, no probe is asked")                               \
    X(NO_MASS_SILENCE, "no_mass_termination_on_silence",                                 \
      "core: many silent agents together are no partition")                              \
    X(BLIND_TO_ALL_IS_DEATH, "no_mass_termination_on_silence",                           \
      "core: what is out of reach is dead, though nobody of its group is heard")         \
    X(NEVER_SCALES_IN, "sized_for_its_load_when_quiet",                                  \
      "core: more instances than the load needs are kept")                               \
    X(NO_STABILISATION, "no_flapping", "core: scales in as soon as the metric is low")   \
    X(WANTS_ONE_MORE, "every_decision_has_a_reason_whose_numbers_add_up",                \
      "core: the formula rounds up once too often")                                      \
    X(DECISION_WITHOUT_REASON, "every_decision_has_a_reason_whose_numbers_add_up",       \
      "core: a launch is planned without a word")                                        \
    X(WINDOW_COUNTS_WARM_UP, "every_decision_has_a_reason_whose_numbers_add_up",         \
      "controller: a window counts instances that warm up")                              \
    X(WINDOW_KEEPS_WARM_UP, "every_decision_has_a_reason_whose_numbers_add_up",          \
      "controller: what one said in its warm-up counts in the period in which it ends")  \
    X(WARM_AT_ONCE, "every_decision_has_a_reason_whose_numbers_add_up",                  \
      "core: an instance counts as soon as it is in service")                            \
    X(LOG_SKIPS_A_NUMBER, "log_has_no_gap", "store: one record in 500 skips a number")   \
    X(CHAIN_IGNORES_PAYLOAD, "log_has_no_gap",                                           \
      "store: a record's content hash is that of nothing")                               \
    X(CORE_READS_A_COUNTER, "replay_gives_identical_state",                              \
      "core: a choice depends on how often this process chose")                          \
    X(RESULT_ACKED_BEFORE_COMMIT, "desired_reached_when_quiet",                          \
      "controller: a worker's result is acknowledged and not taken")                     \
    X(LEASE_NEVER_ENDS, "desired_reached_when_quiet",                                    \
      "dispatch: a dead worker keeps its jobs")                                          \
    X(SIGNS_TOLD_ONCE, "desired_reached_when_quiet",                                     \
      "controller: signs lost with a batch are not told again")                          \
    X(DEAD_IS_IN_SERVICE, "desired_reached_when_quiet",                                  \
      "core: what EC2 terminated stays in service")                                      \
    X(DRY_FOR_EVER, "not_below_min_when_quiet",                                          \
      "core: a pool that had no capacity once is never tried again")                     \
    X(UNKNOWN_IS_IGNORED, "no_orphan_when_quiet",                                        \
      "core: an instance with the tags of a job of ours is not adopted")                 \
    X(ORPHAN_STAYS, "no_orphan_when_quiet",                                              \
      "core: an instance that no job knows is never terminated")                         \
    X(DEAD_AGENT_STAYS, "not_below_min_when_quiet",                                      \
      "core: an instance whose agent is dead is never replaced")                         \
    X(HISTORY_IS_LOST, "dead_letters_have_history",                                      \
      "core: a job that is given up forgets its attempts")                               \
    X(LISTS_EVERY_CLUSTER, "neighbours_are_left_alone",                                  \
      "worker: a listing is of all instances of the account, not of the cluster's")      \
    X(TOKEN_LACKS_CLUSTER, "neighbours_are_left_alone",                                  \
      "core: job 7 has the same client token in every cluster")                          \
    X(NO_SHARE_OF_ENDS, "ends_keep_their_share",                                         \
      "core: what may end at once and in ten minutes has no limit")                      \
    X(SUSPENSION_IS_FORGOTTEN, "suspended_processes_rest",                               \
      "core: policies go on while alarm-notification is suspended")                      \
    X(NO_DRAIN, "drained_before_terminated", "core: nobody is asked to drain")           \
    X(DRAIN_IS_NOT_AWAITED, "drained_before_terminated",                                 \
      "core: what drains is terminated at once")                                         \
    X(RATES_ARE_FORGOTTEN, "request_rates_are_kept",                                     \
      "controller: jobs leave as fast as there are workers")                             \
    X(NO_CEILING, "one_agent_moves_its_share",                                           \
      "controller: a window takes what an agent says, without a ceiling")                \
    X(EXTREMES_ARE_BELIEVED, "one_agent_moves_its_share",                                \
      "controller: a window's sum of five or more has the false value in it")

enum asg_mutant {
    ASG_MUTANT_NONE,
#define X(name, law, what) ASG_MUTANT_##name,
    ASG_MUTANT_LIST(X)
#undef X
        ASG_MUTANTS_END
};

#ifdef ASG_MUTANTS
extern int asg_mutant; /* which one is on; the simulator's */
extern unsigned asg_mutant_passes;
#define ASG_MUTANT(name) (asg_mutant == ASG_MUTANT_##name)
/* Every `nth` time this is reached. */
#define ASG_MUTANT_EVERY(name, nth) (ASG_MUTANT(name) && ++asg_mutant_passes % (nth) == 0)
#else
#define ASG_MUTANT(name)            false
#define ASG_MUTANT_EVERY(name, nth) false
#endif

#endif
