#include "core/take/take_result.h"

#include <assert.h>

#include "core/step/narrate.h"
#include "core/take/attempts.h"
#include "core/take/take_launch.h"
#include "core/take/take_tagging.h"
#include "core/take/take_template.h"
#include "core/take/take_termination.h"
#include "core/world/state.h"

typedef void action_fn(struct asg_core *core, struct group *group, struct job *job,
                       const struct asg_result *result);

/* An observation has brought what it was for, or nobody asks. */
static void be_done(struct asg_core *core, struct group *group, struct job *job,
                    const struct asg_result *result)
{
    (void)group;
    assert(result->job_id == job->plan.id);
    asg_job_close(core, job, ASG_JOB_STATE_DONE);
}

/* What the end of an attempt means: a row for each outcome, and in it the launches', the
 * terminations', the templates' and the resolved templates' action, and what is done of
 * tags that are put on or taken off (docs/rules.md, "EC2's error codes"). An outcome
 * without its row is not compiled. */
/* clang-format off */
#define ON_OK           KINDS(happened,     settled, made,    answered, done)
#define ON_CAPACITY     KINDS(without_room, refused, refused, refused,  refused)
#define ON_QUOTA        KINDS(over_quota,   refused, refused, refused,  refused)
#define ON_THROTTLED    KINDS(later,        later,   later,   later,    later)
#define ON_TRANSIENT    KINDS(later,        later,   later,   later,    later)
#define ON_AMBIGUOUS    KINDS(in_doubt,     later,   later,   later,    later)
#define ON_BAD_REQUEST  KINDS(refused,      refused, refused, refused,  refused)
#define ON_PERMISSION   KINDS(refused,      refused, refused, refused,  refused)
#define ON_CREDENTIALS  KINDS(later,        later,   later,   later,    later)
#define ON_NOT_FOUND    KINDS(refused,      settled, refused, refused,  gone)
#define ON_PROTECTED    KINDS(refused,      settled, refused, refused,  refused)
#define ON_CONFLICT     KINDS(refused,      later,   refused, refused,  refused)
#define ON_GONE         KINDS(gone,         refused, refused, refused,  gone)
#define ON_EXPIRED      KINDS(expired,      later,   refused, later,    later)
#define ON_UNDELIVERED  KINDS(later,        later,   later,   later,    later)
/* clang-format on */

#define KINDS(launch, end, made, resolve, tags)                                          \
    {                                                                                    \
        [ASG_JOB_LAUNCH] = asg_launch_##launch, [ASG_JOB_FLEET] = asg_launch_##launch,   \
        [ASG_JOB_TERMINATE] = asg_end_##end, [ASG_JOB_TEMPLATE] = asg_template_##made,   \
        [ASG_JOB_RESOLVE_TEMPLATE] = asg_resolve_##resolve,                              \
        [ASG_JOB_DESCRIBE] = be_done, [ASG_JOB_TAG] = asg_tag_##tags,                    \
        [ASG_JOB_UNTAG] = asg_untag_##tags                                               \
    }
#define ROW(name, word) [ASG_OUTCOME_##name] = ON_##name,

static_assert(ASG_JOB_COUNT == 8, "KINDS has a column for each");

static action_fn *const actions[ASG_OUTCOME_COUNT][ASG_JOB_COUNT] = {
    ASG_OUTCOME_LIST(ROW) /* in its order */
};

void asg_take_result(struct asg_core *core, const struct asg_result *result)
{
    assert(core->step != NULL);
    struct job *job = asg_job_find(core, result->job_id);
    if (job == NULL || job->state != ASG_JOB_STATE_OPEN ||
        job->plan.attempt != result->attempt ||
        job->plan.incarnation != result->incarnation) {
        return; /* late, or of a job that had this id in a log that is lost */
    }
    asg_attempt_note(core, job, result);
    struct group *group = asg_group_of_no(core, job->group_no);
    bool is_launch = asg_job_is_launch(job->plan.kind);
    if (is_launch && group == NULL) { /* it went with its last slot */
        asg_job_close(core, job, ASG_JOB_STATE_DONE);
        return;
    }
    if (is_launch) asg_group_mark_dirty(core, group);
    action_fn *action = actions[result->outcome][job->plan.kind];
    assert(action != NULL); /* each kind has its row */
    action(core, group, job, result);
}
