#include "core/take/attempts.h"

#include <assert.h>
#include <string.h>

const char *asg_attempt_say_error(struct asg_core *core, const struct asg_result *result)
{
    assert(core->step != NULL);
    return asg_arena_format(&core->step->effects->arena, "%s%s%s%s%s",
                            asg_enum_word(&asg_outcome_words, (int)result->outcome),
                            result->error_code[0] != '\0' ? ", " : "", result->error_code,
                            result->message[0] != '\0' ? ": " : "", result->message);
}

void asg_attempt_note(struct asg_core *core, struct job *job,
                      const struct asg_result *result)
{
    assert(job->state == ASG_JOB_STATE_OPEN);
    assert(job->attempt_count <= ASG_JOB_ATTEMPTS_KEPT);
    assert(result->attempt == job->plan.attempt);
    if (job->attempt_count == ASG_JOB_ATTEMPTS_KEPT) {
        memmove(job->attempts, job->attempts + 1,
                (ASG_JOB_ATTEMPTS_KEPT - 1) * sizeof job->attempts[0]);
        job->attempt_count--;
    }
    struct asg_arena *arena = &job->arena;
    job->attempts[job->attempt_count++] = (struct asg_attempt_view){
        .attempt = result->attempt,
        .outcome = result->outcome,
        .error_code = asg_arena_text(arena, result->error_code),
        .message = asg_arena_text(arena, result->message),
        .worker = asg_arena_text(arena, result->worker),
        .request_id = asg_arena_text(arena, result->request_id),
        .ended_ms = core->now_ms,
        .calls = result->calls,
        .deliveries = result->deliveries,
    };
}
