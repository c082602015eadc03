#include "controller/rate_budget.h"

#include <string.h>

#include "text/quantity.h"

#define CLAIM_S 60 /* what EC2 lets through in so long is believed of one report */

static const struct {
    const char *action;
    struct asg_rate_quota quota;
} defaults[ASG_JOB_COUNT] = {
    [ASG_JOB_LAUNCH] = {"RunInstances", {5, 2000, 1000, 2000}},
    [ASG_JOB_TERMINATE] = {"TerminateInstances", {100, 5000, 1000, 20000}},
    [ASG_JOB_DESCRIBE] = {"DescribeInstances", {100, 20000, 0, 0}},
    [ASG_JOB_TAG] = {"CreateTags", {100, 10000, 0, 0}},
    [ASG_JOB_TEMPLATE] = {"CreateLaunchTemplate", {50, 5000, 0, 0}},
    [ASG_JOB_RESOLVE_TEMPLATE] = {"DescribeLaunchTemplateVersions", {100, 20000, 0, 0}},
    /* In none of EC2's tables: the bucket of mutating actions, RunInstances' instances.
     */
    [ASG_JOB_FLEET] = {"CreateFleet", {50, 5000, 1000, 2000}},
    [ASG_JOB_UNTAG] = {"DeleteTags", {100, 10000, 0, 0}},
};

/* The kind whose main action it is; -1. */
static int kind_of(const char *action, size_t length)
{
    for (int kind = 0; kind < ASG_JOB_COUNT; kind++) {
        const char *name = defaults[kind].action;
        if (strlen(name) == length && strncmp(name, action, length) == 0) return kind;
    }
    return -1;
}

/* Actions of questions (model/question.h) that no kind of job has: each is paid out of
 * the bucket that its question's token came from. */
static const struct {
    const char *action;
    enum asg_job_kind kind;
} of_questions[] = {
    {"DescribeSubnets", ASG_JOB_DESCRIBE},
    {"DescribeAvailabilityZones", ASG_JOB_DESCRIBE},
    {"DescribeImages", ASG_JOB_DESCRIBE},
    {"DescribeLaunchTemplates", ASG_JOB_RESOLVE_TEMPLATE},
};

/* The kind whose bucket it is paid out of; -1. */
static int payer_of(const char *action)
{
    for (size_t i = 0; i < sizeof of_questions / sizeof of_questions[0]; i++) {
        if (strcmp(of_questions[i].action, action) == 0) return (int)of_questions[i].kind;
    }
    return kind_of(action, strlen(action));
}

enum asg_job_kind asg_rate_budget_of(enum asg_question_kind question)
{
    return question == ASG_QUESTION_TEMPLATE ? ASG_JOB_RESOLVE_TEMPLATE
                                             : ASG_JOB_DESCRIBE;
}

struct asg_rate_quotas asg_rate_quotas_default(void)
{
    struct asg_rate_quotas quotas = {0};
    for (int kind = 0; kind < ASG_JOB_COUNT; kind++) {
        quotas.of[kind] = defaults[kind].quota;
    }
    return quotas;
}

/* "5/2" at *at: tokens at once and a second; moves on. */
static bool read_pair(const char **at, int64_t *burst, int64_t *refill_milli)
{
    char word[40];
    size_t length = strcspn(*at, ", ");
    if (length >= sizeof word) return false;
    memcpy(word, *at, length);
    word[length] = '\0';
    char *slash = strchr(word, '/');
    if (slash == NULL) return false;
    *slash = '\0';
    int64_t tokens = 0;
    int64_t milli = 0;
    if (!asg_quantity_integer(word, &tokens) || !asg_quantity_milli(slash + 1, &milli) ||
        tokens < 1 || tokens > ASG_RATE_QUOTA_MAX || milli < 1 ||
        milli > ASG_RATE_QUOTA_MAX * 1000) {
        return false;
    }
    *burst = tokens;
    *refill_milli = milli;
    *at += length;
    return true;
}

static bool read_quota(const char **at, struct asg_rate_quotas *quotas)
{
    size_t name = strcspn(*at, "= ");
    int kind = kind_of(*at, name);
    if (kind < 0 || (*at)[name] != '=') return false;
    *at += name + 1;
    struct asg_rate_quota *quota = &quotas->of[kind];
    if (!read_pair(at, &quota->requests, &quota->request_refill_milli)) return false;
    if (**at != ',') return true;
    ++*at;
    return read_pair(at, &quota->instances, &quota->instance_refill_milli);
}

enum asg_status asg_rate_quotas_parse(const char *text, struct asg_rate_quotas *ret,
                                      struct asg_error *error)
{
    struct asg_rate_quotas quotas = *ret;
    for (const char *at = text + strspn(text, " "); *at != '\0'; at += strspn(at, " ")) {
        const char *word = at;
        if (!read_quota(&at, &quotas) || (*at != ' ' && *at != '\0')) {
            return asg_fail(
                error, ASG_ERR_INVALID,
                "rate.quotas: \"%.*s\" is not a quota: write ACTION=REQUESTS/A_SECOND"
                "[,INSTANCES/A_SECOND], for example RunInstances=5/2,1000/2; actions "
                "are RunInstances, TerminateInstances, DescribeInstances, "
                "CreateTags, CreateLaunchTemplate, "
                "DescribeLaunchTemplateVersions, CreateFleet",
                (int)strcspn(word, " "), word);
        }
    }
    *ret = quotas;
    return ASG_OK;
}

static struct asg_bucket make_bucket(int64_t capacity, int64_t refill_milli,
                                     uint32_t percent, int64_t now_ms)
{
    int64_t milli = capacity * 10 * percent;
    if (capacity > 0 && milli < 1000) milli = 1000; /* one token at least */
    int64_t refill = refill_milli * percent / 100;
    if (capacity > 0 && refill < 1) refill = 1;
    return (struct asg_bucket){.capacity_milli = milli,
                               .refill_milli = refill,
                               .level_milli = milli,
                               .filled_at_ms = now_ms,
                               .full_capacity_milli = milli,
                               .full_refill_milli = refill};
}

static double seconds_of(int64_t now_ms)
{
    return (double)now_ms / 1e3;
}

void asg_rate_budget_init(struct asg_rate_budget *budget,
                          const struct asg_rate_quotas *quotas, uint32_t share_percent,
                          int64_t now_ms)
{
    *budget = (struct asg_rate_budget){.is_unlimited = share_percent == 0};
    for (int kind = 0; kind < ASG_JOB_COUNT; kind++) {
        const struct asg_rate_quota *quota = &quotas->of[kind];
        budget->requests[kind] = make_bucket(quota->requests, quota->request_refill_milli,
                                             share_percent, now_ms);
        budget->resources[kind] = make_bucket(
            quota->instances, quota->instance_refill_milli, share_percent, now_ms);
        asg_adaptive_rate_init(&budget->adaptive[kind], seconds_of(now_ms));
    }
}

static void refill(struct asg_bucket *bucket, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - bucket->filled_at_ms;
    if (elapsed_ms <= 0) return;
    int64_t missing = bucket->capacity_milli - bucket->level_milli;
    int64_t full_in_ms =
        bucket->refill_milli > 0 ? missing * 1000 / bucket->refill_milli : 0;
    if (elapsed_ms > full_in_ms) {
        bucket->level_milli = bucket->capacity_milli;
        bucket->filled_at_ms = now_ms;
        return;
    }
    int64_t more = elapsed_ms * bucket->refill_milli / 1000;
    bucket->level_milli += more;
    /* Keep the rest of the division for the next time. */
    if (bucket->refill_milli > 0) {
        bucket->filled_at_ms += more * 1000 / bucket->refill_milli;
    }
}

/* Milliseconds until `wanted` tokens are there; 0 when they are. */
static int64_t time_until(const struct asg_bucket *bucket, int64_t wanted_milli)
{
    if (bucket->capacity_milli == 0) return 0;
    if (wanted_milli > bucket->capacity_milli) wanted_milli = bucket->capacity_milli;
    int64_t missing = wanted_milli - bucket->level_milli;
    if (missing <= 0) return 0;
    return missing * 1000 / bucket->refill_milli + 1;
}

bool asg_rate_budget_take(struct asg_rate_budget *budget, enum asg_job_kind kind,
                          uint32_t instances, int64_t now_ms, int64_t *wait_ms)
{
    if (budget->is_unlimited) return true;
    struct asg_bucket *requests = &budget->requests[kind];
    struct asg_bucket *resources = &budget->resources[kind];
    refill(requests, now_ms);
    refill(resources, now_ms);
    int64_t for_request_ms = time_until(requests, 1000);
    int64_t for_resources_ms = time_until(resources, (int64_t)instances * 1000);
    if (for_request_ms > 0 || for_resources_ms > 0) {
        *wait_ms = for_request_ms > for_resources_ms ? for_request_ms : for_resources_ms;
        return false;
    }
    requests->level_milli -= 1000;
    if (resources->capacity_milli > 0)
        resources->level_milli -= (int64_t)instances * 1000;
    budget->granted[kind]++;
    /* One never heard of again (its worker died) must not pay for others for ever. */
    int64_t granted_max = requests->full_capacity_milli / 1000;
    if (budget->granted[kind] > granted_max) budget->granted[kind] = granted_max;
    return true;
}

static void add(struct asg_bucket *bucket, int64_t milli)
{
    bucket->level_milli += milli;
    if (bucket->level_milli > bucket->capacity_milli) {
        bucket->level_milli = bucket->capacity_milli;
    }
}

void asg_rate_budget_give_back(struct asg_rate_budget *budget, enum asg_job_kind kind,
                               uint32_t instances)
{
    if (budget->is_unlimited) return;
    add(&budget->requests[kind], 1000);
    add(&budget->resources[kind], (int64_t)instances * 1000);
    if (budget->granted[kind] > 0) budget->granted[kind]--;
}

/* The adaptive rate as a share of the full one: what both buckets refill with. */
static void apply_adaptive(struct asg_rate_budget *budget, int kind, int64_t now_ms)
{
    struct asg_bucket *requests = &budget->requests[kind];
    struct asg_bucket *resources = &budget->resources[kind];
    struct asg_adaptive_rate *adaptive = &budget->adaptive[kind];
    refill(requests, now_ms);
    refill(resources, now_ms);
    double full_per_s = (double)requests->full_refill_milli / 1000;
    double share = adaptive->fill_per_s / full_per_s;
    if (!adaptive->is_enabled || share >= 1) {
        share = 1;
        adaptive->is_enabled = false; /* EC2 takes all we may send */
    }
    requests->refill_milli = (int64_t)((double)requests->full_refill_milli * share);
    resources->refill_milli = (int64_t)((double)resources->full_refill_milli * share);
    if (requests->refill_milli < 1) requests->refill_milli = 1;
    if (resources->refill_milli < 1) resources->refill_milli = 1;
    requests->capacity_milli = requests->full_capacity_milli;
    if (share < 1) {
        int64_t burst = (int64_t)(adaptive->capacity * 1000);
        if (burst < requests->capacity_milli) requests->capacity_milli = burst;
        if (requests->capacity_milli < 1000) requests->capacity_milli = 1000;
    }
    if (requests->level_milli > requests->capacity_milli) {
        requests->level_milli = requests->capacity_milli;
    }
}

void asg_rate_budget_sent(struct asg_rate_budget *budget, const char *action,
                          uint32_t attempts, uint32_t throttles, int64_t now_ms)
{
    int kind = payer_of(action);
    if (budget->is_unlimited || kind < 0 || attempts == 0) return;
    struct asg_bucket *requests = &budget->requests[kind];
    int64_t most_milli =
        requests->full_capacity_milli + CLAIM_S * requests->full_refill_milli;
    int64_t sent = attempts < most_milli / 1000 ? attempts : most_milli / 1000 + 1;
    int64_t paid = sent < budget->granted[kind] ? sent : budget->granted[kind];
    budget->granted[kind] -= paid;
    refill(requests, now_ms);
    requests->level_milli -= (sent - paid) * 1000;
    /* However many such reports come: nobody waits longer for what they say. */
    if (requests->level_milli < -most_milli) requests->level_milli = -most_milli;
    struct asg_adaptive_rate *adaptive = &budget->adaptive[kind];
    asg_adaptive_rate_answered(adaptive, (double)sent, throttles > 0, seconds_of(now_ms));
    if (throttles > 0) {
        /* Which of the two buckets was empty EC2 does not say. */
        struct asg_bucket *resources = &budget->resources[kind];
        refill(resources, now_ms);
        if (resources->level_milli > 0) {
            resources->level_milli =
                (int64_t)((double)resources->level_milli * ASG_ADAPTIVE_BETA);
        }
    }
    apply_adaptive(budget, kind, now_ms);
}

uint32_t asg_rate_budget_percent(const struct asg_rate_budget *budget,
                                 enum asg_job_kind kind)
{
    const struct asg_bucket *bucket = &budget->requests[kind];
    if (budget->is_unlimited || bucket->full_refill_milli == 0) return 100;
    return (uint32_t)(bucket->refill_milli * 100 / bucket->full_refill_milli);
}
