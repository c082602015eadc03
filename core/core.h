/* core - the decision: events in, effects out, nothing else.
 *
 * Flow:     ingest, prober, admin, workers -> event -> [core] -> effects -> log -> act
 * Purity:   reads only its arguments: no clock, I/O, threads, randomness or floating
 *           point. The same events in the same order give the same effects and the same
 *           saved state, byte for byte, on any machine, for ever (docs/rules.md,
 *           "A pure core").
 * Time:     event->time_ms, never smaller than in the event before.
 * Memory:   running out ends the process; the log has everything (base/arena.h).
 * Threads:  one owner.
 */
#ifndef ASG_CORE_CORE_H
#define ASG_CORE_CORE_H

#include "base/bytes.h"
#include "base/error.h"
#include "model/changes.h"
#include "model/effects.h"
#include "model/event.h"
#include "model/messages.h"

struct asg_core;

/* An empty world. Its first event is the command INIT. The caller ends it with
 * asg_core_destroy(). */
void asg_core_new(struct asg_core **ret);

/* Free *core and set it to NULL. A NULL *core is fine. */
void asg_core_destroy(struct asg_core **core);

/* Apply one event. *ret is reset first, then filled; its contents live in its arena
 * until the next reset. A command that is refused is ASG_OK with a reply that says no:
 * it changes nothing and is logged as refused. A result, sign or observation of
 * something core does not know is ASG_OK and says so in a decision or is dropped.
 * ASG_ERR_INVALID: the event breaks the contract (time went back, its part is missing,
 *                  something comes before INIT or INIT a second time, a LEAD whose epoch
 *                  does not rise, an INIT with a malformed cluster id); core is unchanged
 *                  and *ret is empty.
 * ASG_ERR_VERSION: a LEAD by rules that this program does not know; the same. */
ASG_MUST_USE enum asg_status asg_core_step(struct asg_core *core,
                                           const struct asg_event *event,
                                           struct asg_effects *ret);

/* Why asg_core_step() did not take an event of a log, in words for an operator: what is
 * the matter with it and what to do. `status` is what it returned. */
void asg_core_explain(const struct asg_core *core, const struct asg_event *event,
                      enum asg_status status, struct asg_error *error);

/* The number of the rules that decide now (core/world/rules.h): what the newest LEAD
 * said; 0 before the first. */
uint32_t asg_core_rules(const struct asg_core *core);

/* The newest rules that this program knows: a controller leads with them. */
uint32_t asg_core_newest_rules(void);

/* What an order would be answered now, and nothing is changed: of APPLY only, others are
 * refused. The reply's texts live in `arena`. */
void asg_core_try_order(const struct asg_core *core, const struct asg_command *command,
                        struct asg_arena *arena, struct asg_reply *ret);

/* When core wants its next TICK: the earliest of its timers (warm-up, grace, late
 * launches, drains, schedules, retries and pauses, the next look at EC2). INT64_MAX:
 * never. A cooldown is none: whoever wants to scale asks whether it is over. Nor is the
 * deadline of a job, which the dispatcher keeps. */
int64_t asg_core_next_deadline(const struct asg_core *core);

/* The time of the last event (0: none yet); the next one must not be earlier. */
int64_t asg_core_now_ms(const struct asg_core *core);

/* Append the whole state in its canonical form: equal states give equal bytes. */
void asg_core_save(const struct asg_core *core, struct asg_bytes *ret);

/* The newest form of the saved state; forms are numbered from 1. */
uint32_t asg_core_form(void);

/* The state in an older form, as the openasg that had it would have saved it: for hashes
 * in older logs. What that form has no place for is left out. `form`: 1 to the newest. */
void asg_core_save_as(const struct asg_core *core, uint32_t form, struct asg_bytes *ret);

/* Where a part of the state begins: all zero: at the first group. */
struct asg_state_place {
    uint32_t group_no;    /* at this group, or the first after it */
    uint64_t instance_no; /* and in it at this instance, when it is not 0 */
    uint64_t job_id;      /* not 0: behind all groups, at this job */
};

/* Append what belongs to no group, then groups, instances and jobs from *place on, until
 * there are `bytes_max` bytes or more; *place is where the next part begins, all zero
 * again behind the last job. Part by part the whole state is hashed without a stop: the
 * same state gives the same part. Takes as long as its bytes, not as the state. */
void asg_core_save_part(const struct asg_core *core, uint32_t form, size_t bytes_max,
                        struct asg_state_place *place, struct asg_bytes *ret);

/* Append the state of a cluster that has this group only, with its instances and jobs as
 * they are, and nothing that no group has: for a model of what might come of the group.
 * False, and *ret is as it was: there is no such group. */
bool asg_core_save_group(const struct asg_core *core, const char *name,
                         struct asg_bytes *ret);

/* Append the bytes that a state_hash of a log is of, as this state has them. */
void asg_core_save_hashed(const struct asg_core *core, const struct asg_state_hash *said,
                          struct asg_bytes *ret);

/* Build a core from saved bytes, of any form. On success the caller owns *ret.
 * ASG_ERR_VERSION: saved by a newer program, or by one from before 1.0.
 * ASG_ERR_MALFORMED: not a saved state, or a damaged one: `error` says where and what;
 * every size is checked before it is believed. *ret is untouched on failure. */
ASG_MUST_USE enum asg_status asg_core_load(const void *data, size_t length,
                                           struct asg_core **ret,
                                           struct asg_error *error);

/* The jobs that are open now, as they were planned: what a controller that starts to
 * lead hands out again. Lives in `arena`. */
void asg_core_open_jobs(const struct asg_core *core, struct asg_arena *arena,
                        struct asg_job **ret, size_t *ret_count);

/* All watches and members as they stand, for windows that start empty, and whether
 * everything is halted. */
void asg_core_watching(const struct asg_core *core, struct asg_arena *arena,
                       struct asg_effects *ret);

/* Views for people and APIs. A NULL or empty name means all. Views live in `arena`;
 * fields that only the controller knows stay zero. */
void asg_core_view_status(const struct asg_core *core, struct asg_arena *arena,
                          struct asg_status_view *ret);
void asg_core_view_groups(const struct asg_core *core, const char *name,
                          struct asg_arena *arena, struct asg_group_view **ret,
                          size_t *ret_count);
/* What the group was before its last update. False: there was none. */
bool asg_core_view_before(const struct asg_core *core, const char *name,
                          struct asg_arena *arena, struct asg_group_config *ret);
void asg_core_view_launch_configurations(const struct asg_core *core, const char *name,
                                         struct asg_arena *arena,
                                         struct asg_launch_configuration **ret,
                                         size_t *ret_count);
void asg_core_view_policies(const struct asg_core *core, const char *group,
                            struct asg_arena *arena, struct asg_policy_config **ret,
                            size_t *ret_count);
void asg_core_view_schedules(const struct asg_core *core, const char *group,
                             struct asg_arena *arena, struct asg_schedule_config **ret,
                             size_t *ret_count);
void asg_core_view_templates(const struct asg_core *core, struct asg_arena *arena,
                             struct asg_template_view **ret, size_t *ret_count);
void asg_core_view_instances(const struct asg_core *core, const char *group,
                             struct asg_arena *arena, struct asg_instance_view **ret,
                             size_t *ret_count);
void asg_core_view_orphans(const struct asg_core *core, struct asg_arena *arena,
                           struct asg_orphan_view **ret, size_t *ret_count);
void asg_core_view_jobs(const struct asg_core *core, const char *group, bool only_dead,
                        struct asg_arena *arena, struct asg_job_view **ret,
                        size_t *ret_count);

/* For a view that is kept up to date (view/): what the steps since the last call have
 * touched, in `arena`. The first call, and the first after a LEAD, says that everything
 * was, and lists all groups and no instances. Costs as much as what it lists. */
void asg_core_changes(struct asg_core *core, struct asg_arena *arena,
                      struct asg_changes *ret);

/* NULL: there is none of that number. */
const char *asg_core_group_name(const struct asg_core *core, uint32_t group_no);

/* A group but for its instances; false: there is none of that number. */
bool asg_core_view_sheet(const struct asg_core *core, uint32_t group_no,
                         struct asg_arena *arena, struct asg_group_sheet *ret);

/* Its first instances, `most` at most, whose numbers are from_no to to_no. */
void asg_core_view_rows(const struct asg_core *core, uint32_t group_no, uint64_t from_no,
                        uint64_t to_no, size_t most, struct asg_arena *arena,
                        struct asg_instance_rows *ret);

/* What belongs to no group. Of `status` what it says at this moment. */
void asg_core_view_cluster(const struct asg_core *core, struct asg_arena *arena,
                           struct asg_cluster_sheet *ret);

struct asg_job_counts {
    uint32_t open;
    uint32_t dead;
};
struct asg_job_counts asg_core_job_counts(const struct asg_core *core);

/* The alarm of a group whose launches pause for so long (asg_group_sheet). */
const char *asg_core_say_breaker(const char *group, int64_t left_ms,
                                 struct asg_arena *arena);

/* What core believes of one instance, for the reconciler: false when it knows none of
 * that id. `ret` lives in `arena`. */
struct asg_belief {
    const char *instance_id;
    const char *group;
    enum asg_instance_state state;
    bool is_alive;                /* EC2 may have it running, or will */
    bool is_ending;               /* by our own order */
    bool is_untagged;             /* our tags are being put on it, or taken off */
    enum asg_ec2_state ec2_state; /* last seen */
    const char *private_ip;
    bool is_impaired;
    const char *event_code; /* of a scheduled event; "" */
    int64_t event_ms;
    uint64_t job_id;
    int64_t launched_ms;
};
bool asg_core_find_instance(const struct asg_core *core, const char *instance_id,
                            struct asg_belief *ret);

/* Every belief, by group and in order of launch, for finding what a complete listing
 * lacks. */
void asg_core_list_beliefs(const struct asg_core *core, struct asg_arena *arena,
                           struct asg_belief **ret, size_t *ret_count);

/* What the event of that enrolment would be answered now (effects.h); its texts live in
 * `arena`. False: and it would change nothing, so that the edge may answer without an
 * event: the agent is enrolled with these keys already, or it is refused and the alarm of
 * that stands, or needs none. */
bool asg_core_weigh_enrolment(const struct asg_core *core,
                              const struct asg_enrolment *enrolment,
                              struct asg_arena *arena, struct asg_reply *ret);

/* Rises with each accepted order that changes what groups, policies or scheduled actions
 * are meant to be (asg_status_view). */
uint64_t asg_core_revision(const struct asg_core *core);

const char *asg_core_cluster_id(const struct asg_core *core); /* "" before INIT */
uint64_t asg_core_epoch(const struct asg_core *core);
uint64_t asg_core_incarnation(const struct asg_core *core);

/* Did this log plan that job; is that a leader of this log, or one that it was told of?
 * Who shows one that it does not know is a witness that the log is an old copy. */
bool asg_core_knows_job(const struct asg_core *core, uint64_t incarnation,
                        uint64_t job_id);
bool asg_core_knows_lead(const struct asg_core *core, uint64_t epoch,
                         uint64_t incarnation);

#endif
