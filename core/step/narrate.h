/* narrate - decisions in words, alarms, replies: what one step sends out. */
#ifndef ASG_CORE_STEP_NARRATE_H
#define ASG_CORE_STEP_NARRATE_H

#include "core/world/world.h"

/* The decision that was put down: its cause, and the state before, are the caller's. */
struct asg_decision *asg_narrate(struct asg_core *core, enum asg_decision_kind kind,
                                 const struct group *group, const char *format, ...)
    ASG_PRINTF(4, 5);

struct asg_decision *asg_narrate_capacity(struct asg_core *core,
                                          enum asg_decision_kind kind,
                                          const struct group *group, const char *policy,
                                          int64_t from, const char *format, ...)
    ASG_PRINTF(6, 7);

struct asg_decision *asg_narrate_instance(struct asg_core *core,
                                          enum asg_decision_kind kind,
                                          const struct group *group,
                                          const struct instance *instance,
                                          const char *format, ...) ASG_PRINTF(5, 6);

/* Why something waits, until when (0: not known), and how many instances wait (0: it is
 * not about instances). */
struct why {
    enum asg_hold_reason reason;
    int64_t until_ms;
    uint32_t count;
    bool is_quiet; /* readers of the group see it, the log does not */
};
#define WHY(word)         ((struct why){.reason = ASG_HOLD_##word})
#define WHY_OF(word, ...) ((struct why){.reason = ASG_HOLD_##word, __VA_ARGS__})

/* A reason to do nothing, said when it is another one than the topic's last; what readers
 * of the group see. The words are without the moment. */
void asg_hold(struct asg_core *core, struct group *group, enum hold_topic topic,
              struct why why, const char *format, ...) ASG_PRINTF(5, 6);

/* The topic waits on, for what was said. */
void asg_hold_on(struct asg_core *core, enum hold_topic topic);

/* What a policy wants and does not get, as it says itself (want/proposal.h). */
void asg_hold_policy(struct asg_core *core, struct group *group, struct policy *policy,
                     const struct policy_hold *hold);

/* No policy's wish waits in this period, as far as is known yet. */
void asg_hold_begin_period(struct group *group);

/* It is held in this look already. */
bool asg_hold_is_on(const struct asg_core *core, enum hold_topic topic);

/* What nothing has held in this look is forgotten; a policy's wish stays. */
void asg_hold_settle(struct asg_core *core, struct group *group);

void asg_hold_forget(struct asg_core *core, struct group *group, enum hold_topic topic);

/* An alarm begins, or is over. */
void asg_alarm_raise(struct asg_core *core, enum asg_alarm_kind kind,
                     const struct group *group, bool is_raised, const char *format, ...)
    ASG_PRINTF(5, 6);

void asg_reply_accept(struct asg_core *core, uint64_t job_id, const char *format, ...)
    ASG_PRINTF(3, 4);

void asg_reply_refuse(struct asg_core *core, const char *code, const char *format, ...)
    ASG_PRINTF(3, 4);

struct asg_job *asg_emit_job(struct asg_core *core, const struct job *job);

void asg_job_close(struct asg_core *core, struct job *job, enum asg_job_state state);

struct asg_member *asg_emit_member(struct asg_core *core);

struct asg_watch *asg_emit_watch(struct asg_core *core);

void asg_emit_drain(struct asg_core *core, const struct instance *instance,
                    int64_t limit_ms);

#endif
