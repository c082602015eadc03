#include "core/take/dead_letter.h"

#include <assert.h>
#include <inttypes.h>

#include "core/step/narrate.h"
#include "core/take/attempts.h"
#include "core/world/kept_text.h"

void asg_job_bury(struct asg_core *core, struct group *group, struct job *job,
                  const struct asg_result *result)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    assert(group == NULL || group->no == job->group_no);
    asg_job_close(core, job, ASG_JOB_STATE_DEAD);
    const char *error = asg_attempt_say_error(core, result);
    if (group != NULL) {
        group->is_degraded = true;
        asg_text_keep(core, &group->degraded, ASG_REASON_MAX, error);
    }
    asg_alarm_raise(core, ASG_ALARM_DEAD_LETTER, group, true,
                    "job %s is a dead letter: %s; see `openasg jobs show %" PRIu64
                    "`, fix the cause, then `openasg jobs retry %" PRIu64 "`",
                    job->plan.name, error, job->plan.id, job->plan.id);
}
