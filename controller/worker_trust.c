#include "controller/worker_trust.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"

#define ACCOUNTS_MAX 1024 /* beyond it those that nobody uses are forgotten */
#define MINUTE_MS    INT64_C(60000)

void asg_trust_clear(struct asg_trust_table *table)
{
    while (table->first != NULL) {
        struct asg_trust *trust = table->first;
        table->first = trust->next;
        free(trust);
    }
    *table = (struct asg_trust_table){0};
}

static void forget_unused(struct asg_trust_table *table, int64_t now_ms)
{
    struct asg_trust **link = &table->first;
    while (*link != NULL) {
        struct asg_trust *trust = *link;
        if (trust->connections > 0 || asg_trust_is_aside(trust, now_ms)) {
            link = &trust->next;
            continue;
        }
        for (int kind = 0; kind < ASG_JOB_COUNT; kind++) {
            if (table->ok_by[kind] == trust) table->ok_by[kind] = NULL;
        }
        *link = trust->next;
        free(trust);
        table->count--;
    }
}

struct asg_trust *asg_trust_of(struct asg_trust_table *table, const char *key,
                               int64_t now_ms)
{
    assert(strlen(key) <= ASG_TRUST_KEY_MAX);
    for (struct asg_trust *trust = table->first; trust != NULL; trust = trust->next) {
        if (strcmp(trust->key, key) == 0) return trust;
    }
    if (table->count >= ACCOUNTS_MAX) forget_unused(table, now_ms);
    struct asg_trust *trust = asg_alloc(1, sizeof *trust);
    memcpy(trust->key, key, strlen(key) + 1);
    trust->since_ms = now_ms;
    trust->struck_ms = INT64_MIN;
    trust->aside_until_ms = INT64_MIN;
    trust->minute_ms = now_ms;
    trust->why = "";
    trust->next = table->first;
    table->first = trust;
    table->count++;
    return trust;
}

static void turn_minute(struct asg_trust *trust, int64_t now_ms)
{
    int64_t passed_ms = now_ms - trust->minute_ms;
    if (passed_ms < MINUTE_MS) return;
    trust->finished_before = passed_ms < 2 * MINUTE_MS ? trust->finished_now : 0;
    trust->finished_now = 0;
    trust->minute_ms = now_ms;
}

uint32_t asg_trust_most(struct asg_trust *trust, uint32_t start, int64_t now_ms)
{
    if (start == 0) return UINT32_MAX;
    turn_minute(trust, now_ms);
    uint64_t earned = 2 * ((uint64_t)trust->finished_now + trust->finished_before);
    if (earned > UINT32_MAX) return UINT32_MAX;
    return earned > start ? (uint32_t)earned : start;
}

bool asg_trust_is_aside(const struct asg_trust *trust, int64_t now_ms)
{
    return trust->aside_until_ms > now_ms;
}

bool asg_trust_is_struck(const struct asg_trust *trust, int64_t now_ms)
{
    return trust->struck_ms != INT64_MIN && now_ms - trust->struck_ms < ASG_TRUST_REST_MS;
}

static bool add_points(struct asg_trust *trust, uint32_t points, const char *why)
{
    if (trust->points < ASG_TRUST_LIMIT) trust->why = why;
    if (trust->points < UINT32_MAX / 2) trust->points += points;
    return trust->points >= ASG_TRUST_LIMIT;
}

static bool add_own_fault(struct asg_trust *trust, const char *why, int64_t now_ms)
{
    trust->struck_ms = now_ms;
    return add_points(trust, ASG_TRUST_OWN_FAULT, why);
}

/* A refusal by EC2 says nothing of the worker, unless another has done what it cannot. */
static bool add_refusal(const struct asg_trust_table *table, struct asg_trust *trust,
                        enum asg_job_kind kind)
{
    bool others_can = table->ok_by[kind] != NULL && table->ok_by[kind] != trust &&
                      table->ok_ms[kind] > trust->since_ms;
    if (!others_can) return false;
    return add_points(trust, 1,
                      "its jobs are refused while those of other workers succeed");
}

bool asg_trust_answered(struct asg_trust_table *table, struct asg_trust *trust,
                        enum asg_job_kind kind, enum asg_outcome outcome, int64_t now_ms)
{
    turn_minute(trust, now_ms);
    if (trust->finished_now < UINT32_MAX) trust->finished_now++;
    switch (outcome) {
    case ASG_OUTCOME_OK:
        trust->points = 0;
        trust->since_ms = now_ms;
        table->ok_ms[kind] = now_ms;
        table->ok_by[kind] = trust;
        return false;
    case ASG_OUTCOME_TRANSIENT:
    case ASG_OUTCOME_AMBIGUOUS:
        return add_own_fault(trust, "it gets no answers from EC2", now_ms);
    case ASG_OUTCOME_CREDENTIALS:
    case ASG_OUTCOME_PERMISSION:
        return add_own_fault(trust, "EC2 does not accept its credentials", now_ms);
    case ASG_OUTCOME_CAPACITY:
    case ASG_OUTCOME_QUOTA:
    case ASG_OUTCOME_BAD_REQUEST:
    case ASG_OUTCOME_NOT_FOUND:
    case ASG_OUTCOME_PROTECTED:
    case ASG_OUTCOME_CONFLICT:
    case ASG_OUTCOME_GONE: return add_refusal(table, trust, kind);
    case ASG_OUTCOME_THROTTLED:
    case ASG_OUTCOME_EXPIRED:
    case ASG_OUTCOME_UNDELIVERED:
    case ASG_OUTCOME_COUNT: break;
    }
    return false;
}

/* EC2 looks at who asks before it looks at anything else. */
static bool says_accepted(enum asg_outcome outcome)
{
    switch (outcome) {
    case ASG_OUTCOME_OK:
    case ASG_OUTCOME_CAPACITY:
    case ASG_OUTCOME_QUOTA:
    case ASG_OUTCOME_BAD_REQUEST:
    case ASG_OUTCOME_NOT_FOUND:
    case ASG_OUTCOME_PROTECTED:
    case ASG_OUTCOME_CONFLICT:
    case ASG_OUTCOME_GONE: return true;
    default: return false;
    }
}

enum asg_trust_news asg_trust_note_credentials(struct asg_trust *trust,
                                               enum asg_outcome outcome,
                                               const char *error_code)
{
    bool was_refused = trust->refused[0] != '\0';
    if (says_accepted(outcome)) {
        trust->denials = 0;
        trust->refused[0] = '\0';
        return was_refused ? ASG_TRUST_ACCEPTED : ASG_TRUST_NO_NEWS;
    }
    bool is_denied = outcome == ASG_OUTCOME_PERMISSION;
    if (is_denied && trust->denials < UINT32_MAX) trust->denials++;
    bool is_refused = outcome == ASG_OUTCOME_CREDENTIALS ||
                      (is_denied && trust->denials >= ASG_TRUST_DENIALS);
    if (was_refused || !is_refused) return ASG_TRUST_NO_NEWS;
    bool has_code = error_code != NULL && error_code[0] != '\0';
    const char *code = has_code ? error_code : "it has no credentials";
    (void)snprintf(trust->refused, sizeof trust->refused, "%s", code);
    asg_utf8_mend(trust->refused);
    return ASG_TRUST_REFUSED;
}

bool asg_trust_held(struct asg_trust *trust, int64_t now_ms)
{
    return add_own_fault(trust, "it holds jobs and does not finish them", now_ms);
}

void asg_trust_put_aside(struct asg_trust *trust, int64_t until_ms)
{
    trust->aside_until_ms = until_ms;
    trust->points = ASG_TRUST_LIMIT - 1;
}
