/* dispatch_fixture - a dispatcher whose sockets are a list of what was sent. */
#ifndef ASG_TESTS_DISPATCH_FIXTURE_H
#define ASG_TESTS_DISPATCH_FIXTURE_H

#include "lib/check.h"

#include <stdio.h>

#include "controller/dispatch_job.h"

#define FIXTURE_LEASE_MS INT64_C(10000)
#define FIXTURE_SENT_MAX 4096

struct sent {
    uint32_t peer;
    enum asg_message_type type;
    uint64_t job_id;
    uint32_t attempt;
    uint64_t lease_id;
    bool is_halted;
};

struct fixture {
    struct asg_dispatch *dispatch;
    struct sent sent[FIXTURE_SENT_MAX];
    size_t sent_count;
    enum asg_status answer;   /* of send */
    const char *cannot_leave; /* said of each job that is about to leave; NULL: it can */
    struct asg_result given_up[64];
    size_t given_up_count;
    char aside[64]; /* the worker that was put aside last */
    unsigned aside_count;
    unsigned refused_count; /* so often AWS began or ceased to refuse credentials */
};

static inline enum asg_status fixture_send(void *context, uint32_t peer,
                                           enum asg_message_type type, const void *object)
{
    struct fixture *fixture = context;
    if (fixture->answer != ASG_OK && type == ASG_MESSAGE_JOB) return fixture->answer;
    assert_true(fixture->sent_count < FIXTURE_SENT_MAX);
    struct sent *sent = &fixture->sent[fixture->sent_count++];
    *sent = (struct sent){.peer = peer, .type = type};
    if (type == ASG_MESSAGE_JOB) {
        const struct asg_job_message *message = object;
        sent->job_id = message->job->id;
        sent->attempt = message->job->attempt;
        sent->lease_id = message->lease_id;
    } else if (type == ASG_MESSAGE_ACK) {
        const struct asg_ack *ack = object;
        sent->job_id = ack->job_id;
        sent->attempt = ack->attempt;
    } else if (type == ASG_MESSAGE_WELCOME) {
        sent->is_halted = ((const struct asg_welcome *)object)->is_halted;
    } else if (type == ASG_MESSAGE_HALT) {
        sent->is_halted = ((const struct asg_halt_message *)object)->is_halted;
    }
    return ASG_OK;
}

static inline const char *fixture_prepare(void *context, const struct asg_job *job,
                                          struct asg_arena *arena,
                                          struct asg_job_message *message)
{
    const struct fixture *fixture = context;
    message->join_stanza = asg_arena_format(arena, "job %u", job->attempt);
    return fixture->cannot_leave;
}

static inline void fixture_give_up(void *context, const struct asg_result *result)
{
    struct fixture *fixture = context;
    assert_true(fixture->given_up_count < 64);
    fixture->given_up[fixture->given_up_count++] = *result;
}

static inline void fixture_tell_aside(void *context, const char *worker, const char *why)
{
    struct fixture *fixture = context;
    assert_true(why[0] != '\0');
    (void)snprintf(fixture->aside, sizeof fixture->aside, "%s", worker);
    fixture->aside_count++;
}

static inline void fixture_tell_refused(void *context, const char *worker,
                                        const char *code)
{
    struct fixture *fixture = context;
    assert_true(worker[0] != '\0');
    assert_int_equal(fixture->refused_count % 2 == 0, code[0] != '\0');
    fixture->refused_count++;
}

/* As strict with workers as an operator wants it. */
static inline void fixture_open_strict(struct fixture *fixture, uint32_t unproven_jobs,
                                       int64_t aside_ms)
{
    const struct asg_dispatch_options options = {
        .lease_ms = FIXTURE_LEASE_MS,
        .heartbeat_ms = 3000,
        .delivery_limit = 100,
        .unproven_jobs = unproven_jobs,
        .aside_ms = aside_ms,
        .ports = {.send = fixture_send,
                  .prepare = fixture_prepare,
                  .give_up = fixture_give_up,
                  .tell_aside = fixture_tell_aside,
                  .tell_refused = fixture_tell_refused,
                  .context = fixture},
    };
    asg_dispatch_destroy(&fixture->dispatch);
    asg_dispatch_new(&options, 0, &fixture->dispatch);
    asg_dispatch_lead(fixture->dispatch, 7, 70, "00112233445566778899aabbccddeeff");
}

static inline void fixture_open(struct fixture *fixture, uint32_t rate_share_percent,
                                uint32_t delivery_limit)
{
    const struct asg_dispatch_options options = {
        .lease_ms = FIXTURE_LEASE_MS,
        .heartbeat_ms = 3000,
        .delivery_limit = delivery_limit,
        .rate_share_percent = rate_share_percent,
        .ports = {.send = fixture_send,
                  .prepare = fixture_prepare,
                  .give_up = fixture_give_up,
                  .context = fixture},
    };
    asg_dispatch_new(&options, 0, &fixture->dispatch);
    asg_dispatch_lead(fixture->dispatch, 7, 70, "00112233445566778899aabbccddeeff");
}

static inline int fixture_set_up(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    fixture_open(fixture, 0, 3);
    *state = fixture;
    return 0;
}

static inline int fixture_tear_down(void **state)
{
    struct fixture *fixture = *state;
    asg_dispatch_destroy(&fixture->dispatch);
    assert_null(fixture->dispatch);
    test_free(fixture);
    return 0;
}

/* is_inherited: from the controller that led before. */
static inline void add_job_of(struct fixture *fixture, uint64_t id,
                              enum asg_job_kind kind, int64_t deadline_ms,
                              bool is_inherited)
{
    const struct asg_launch launch = {.count = 1, .group_max = 10};
    const struct asg_describe describe = {{0}};
    const struct asg_job job = {
        .id = id,
        .attempt = 1,
        .kind = kind,
        .group = "web",
        .name = "web-1",
        .deadline_ms = deadline_ms,
        .client_token = "token",
        .launch = kind == ASG_JOB_LAUNCH ? &launch : NULL,
        .describe = kind == ASG_JOB_DESCRIBE ? &describe : NULL,
    };
    if (is_inherited) {
        asg_dispatch_inherit(fixture->dispatch, &job);
    } else {
        asg_dispatch_add(fixture->dispatch, &job);
    }
}

static inline void add_job(struct fixture *fixture, uint64_t id, enum asg_job_kind kind,
                           int64_t deadline_ms)
{
    add_job_of(fixture, id, kind, deadline_ms, /* is_inherited */ false);
}

static inline void say_hello(struct fixture *fixture, uint32_t peer, const char *name,
                             uint32_t credits, struct asg_held *held, size_t held_count,
                             int64_t mono_ms)
{
    const struct asg_hello hello = {.worker = name,
                                    .version = "0.1.0",
                                    .credits = credits,
                                    .held = held,
                                    .held_count = held_count};
    asg_dispatch_hello(fixture->dispatch, peer, name, "127.0.0.1", &hello, mono_ms);
}

static inline enum asg_result_verdict answer_with(struct fixture *fixture, uint32_t peer,
                                                  uint64_t job_id,
                                                  enum asg_outcome outcome,
                                                  int64_t mono_ms)
{
    const struct asg_result result = {.job_id = job_id, .attempt = 1, .outcome = outcome};
    const struct asg_result_message message = {.result = &result};
    struct asg_result taken;
    return asg_dispatch_take_result(fixture->dispatch, peer, &message, &taken, mono_ms);
}

static inline enum asg_result_verdict answer(struct fixture *fixture, uint32_t peer,
                                             uint64_t job_id, int64_t mono_ms)
{
    return answer_with(fixture, peer, job_id, ASG_OUTCOME_OK, mono_ms);
}

static inline size_t count_sent(const struct fixture *fixture, uint32_t peer,
                                enum asg_message_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < fixture->sent_count; i++) {
        count += fixture->sent[i].peer == peer && fixture->sent[i].type == type;
    }
    return count;
}

/* The last JOB that went out. */
static inline const struct sent *last_job(const struct fixture *fixture)
{
    for (size_t i = fixture->sent_count; i > 0; i--) {
        if (fixture->sent[i - 1].type == ASG_MESSAGE_JOB) return &fixture->sent[i - 1];
    }
    return NULL;
}

#endif
