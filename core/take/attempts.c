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

/* EC2's words where only its code has come to us. */
static const char *say_code(struct asg_core *core, const struct asg_launch *launch,
                            const char *code, const char *type, bool is_spot)
{
    struct asg_arena *arena = &core->step->effects->arena;
    assert(code[0] != '\0');
    if (strcmp(code, "InsufficientInstanceCapacity") != 0) {
        return asg_arena_format(arena, "EC2 answered %s", code);
    }
    if (is_spot) {
        return "There is no Spot capacity available that matches your request.";
    }
    return asg_arena_format(arena,
                            "We currently do not have sufficient %s%scapacity in the "
                            "Availability Zone you requested (%s).",
                            type, type[0] != '\0' ? " " : "", launch->zone);
}

/* Of a fleet the code stands before the words. */
static const char *say_of_fleet(struct asg_core *core, const struct job *job,
                                const struct asg_result *result)
{
    assert(job->plan.launch->fleet != NULL);
    const struct asg_dry_pool *pool =
        result->dry_pool_count > 0 ? &result->dry_pools[0] : NULL;
    for (size_t i = 0; i < result->dry_pool_count; i++) {
        if (result->dry_pools[i].is_spot) pool = &result->dry_pools[i];
    }
    const char *code = pool != NULL ? pool->error_code : result->error_code;
    if (code[0] == '\0') return result->message;
    bool is_spot = pool != NULL ? pool->is_spot : job->plan.launch->fleet->on_demand == 0;
    const char *words = result->message;
    if (words[0] == '\0') {
        words = say_code(core, job->plan.launch, code,
                         pool != NULL ? pool->instance_type : "", is_spot);
    }
    return asg_arena_format(&core->step->effects->arena,
                            "Could not launch %s Instances. %s - %s",
                            is_spot ? "Spot" : "On-Demand", code, words);
}

const char *asg_attempt_say_want(struct asg_core *core, const struct job *job,
                                 const struct asg_result *result)
{
    assert(asg_job_is_launch(job->plan.kind) && job->plan.launch != NULL);
    assert(result->message != NULL && result->error_code != NULL);
    const struct asg_launch *launch = job->plan.launch;
    if (launch->fleet != NULL) return say_of_fleet(core, job, result);
    if (result->message[0] != '\0') return result->message;
    if (result->error_code[0] == '\0') return "";
    return say_code(core, launch, result->error_code, launch->instance_type,
                    /* is_spot */ false);
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
