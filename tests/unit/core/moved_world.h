/* moved_world - orders that name instances and move them in and out of a group, and the
 * jobs of tags that the test answers: for the tests of standby, attach and detach. */
#ifndef ASG_TESTS_MOVED_WORLD_H
#define ASG_TESTS_MOVED_WORLD_H

#include "unit/core/core_world.h"

#define MOVED_MAX 25

static const char *moved_ids[MOVED_MAX];
static char moved_names[MOVED_MAX][20];

/* i-first and those after it. */
static inline struct asg_texts ids_from(int first, size_t count)
{
    assert_true(count <= MOVED_MAX);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(moved_names[i], sizeof moved_names[i], "i-%d", first + (int)i);
        moved_ids[i] = moved_names[i];
    }
    return (struct asg_texts){.items = moved_ids, .count = count};
}

static inline void move(enum asg_command_kind kind, int first, size_t count,
                        bool decrement)
{
    order((struct asg_command){.kind = kind,
                               .group = "web",
                               .instance_ids = ids_from(first, count),
                               .decrement = decrement});
}

static inline void expect_ok(void)
{
    if (!w.is_ok) fail_msg("%s: %s", w.code, w.reply);
}

static inline void expect_refused(const char *code, const char *words)
{
    assert_false(w.is_ok);
    assert_string_equal(code, w.code);
    if (strstr(w.reply, words) == NULL) fail_msg("'%s' in: %s", words, w.reply);
}

/* One that runs in us-east-1a, launched an hour ago, and is none of ours. */
static inline struct asg_seen_instance foreign(const char *id)
{
    return (struct asg_seen_instance){.instance_id = id,
                                      .state = ASG_EC2_RUNNING,
                                      .instance_type = "m5.large",
                                      .subnet_id = "subnet-1",
                                      .zone = "us-east-1a",
                                      .private_ip = "127.1.0.1",
                                      .group = "",
                                      .client_token = "",
                                      .launched_ms = w.now_ms - 3600000};
}

static inline void attach_rows(struct asg_seen_instance *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        moved_ids[i] = rows[i].instance_id;
    }
    order((struct asg_command){.kind = ASG_COMMAND_ATTACH_INSTANCES,
                               .group = "web",
                               .instance_ids = {moved_ids, count},
                               .seen = rows,
                               .seen_count = count});
}

static inline void attach(const char *id)
{
    struct asg_seen_instance row = foreign(id);
    attach_rows(&row, 1);
}

/* How many jobs of that kind are out; the first of them is answered with `outcome`. */
static inline size_t open_jobs(enum asg_job_kind kind, uint64_t *ret_first)
{
    struct asg_arena arena = {0};
    struct asg_job *jobs = NULL;
    size_t count = 0;
    size_t of_kind = 0;
    asg_core_open_jobs(w.core, &arena, &jobs, &count);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].kind != kind) continue;
        if (of_kind++ == 0) *ret_first = jobs[i].id;
    }
    asg_arena_clear(&arena);
    return of_kind;
}

static inline void answer_tags(enum asg_job_kind kind, enum asg_outcome outcome)
{
    uint64_t id = 0;
    assert_true(open_jobs(kind, &id) > 0);
    struct asg_result result = asg_result_begin(id, 1, 0, "w");
    result.outcome = outcome;
    if (outcome != ASG_OUTCOME_OK) {
        result.error_code = "Code";
        result.message = "what EC2 says";
    }
    step((struct asg_event){.kind = ASG_EVENT_RESULT, .result = &result});
}

static inline bool is_known(const char *id)
{
    struct asg_belief belief;
    return asg_core_find_instance(w.core, id, &belief);
}

static inline void expect_state(const char *id, enum asg_instance_state state)
{
    struct asg_belief belief;
    if (!asg_core_find_instance(w.core, id, &belief)) fail_msg("%s is not known", id);
    assert_string_equal(asg_enum_word(&asg_instance_state_words, (int)state),
                        asg_enum_word(&asg_instance_state_words, (int)belief.state));
}

static inline void expect_desired(uint32_t value)
{
    assert_int_equal(value, desired());
}

/* The newest activity of that instance. */
static inline const struct asg_activity *activity_of(const char *id)
{
    for (uint64_t no = told.last; no > 0; no--) {
        if (strcmp(told.rows[no].instance_id, id) == 0) return &told.rows[no];
    }
    fail_msg("%s has no activity", id);
    return NULL;
}

static inline void expect_activity(const char *id, enum asg_activity_kind kind,
                                   enum asg_activity_status status, const char *cause)
{
    const struct asg_activity *activity = activity_of(id);
    if (activity == NULL) return; /* it has failed there */
    assert_int_equal(kind, activity->kind);
    assert_string_equal(asg_enum_word(&asg_activity_status_words, (int)status),
                        asg_enum_word(&asg_activity_status_words, (int)activity->status));
    if (strstr(activity->cause, cause) != NULL) return;
    print_message("the cause of %s: ", id);
    print_message("%s\n", activity->cause == NULL ? "" : activity->cause);
    fail_msg("it lacks '%s'", cause);
}

static inline void see_row(struct asg_seen_instance row)
{
    const struct asg_observed observed = {.instances = &row, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
}

static inline void suspend(enum asg_process process)
{
    order((struct asg_command){.kind = ASG_COMMAND_SUSPEND,
                               .group = "web",
                               .processes = UINT64_C(1) << process});
}

#endif
