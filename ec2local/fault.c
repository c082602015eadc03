#include "ec2local/fault.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ec2local/json_out.h"

#define MILLION        1000000
#define LATENCY_MS_MAX 60000 /* the server cuts there as well */
#define LAG_MS_MAX     3600000

struct asg_faults {
    pthread_mutex_t lock;
    struct asg_fault items[ASG_FAULTS_MAX];
    size_t count;
    uint32_t next_id;
    uint64_t random;
};

static const char *const words[ASG_FAULT_KINDS] = {
#define X(name, word, help) word,
    ASG_FAULT_LIST(X)
#undef X
};

void asg_faults_new(uint64_t seed, struct asg_faults **ret)
{
    struct asg_faults *faults = asg_alloc(1, sizeof *faults);
    (void)pthread_mutex_init(&faults->lock, NULL);
    faults->next_id = 1;
    faults->random = seed | 1; /* xorshift never leaves 0 */
    *ret = faults;
}

void asg_faults_destroy(struct asg_faults **faults)
{
    if (*faults == NULL) return;
    (void)pthread_mutex_destroy(&(*faults)->lock);
    free(*faults);
    *faults = NULL;
}

/* --- reading one --- */

static enum asg_status copy_text(const struct asg_form *params, const char *name,
                                 char *ret, size_t size, struct asg_error *error)
{
    const char *text = asg_form_get(params, name);
    if (text == NULL) return ASG_OK;
    if (strlen(text) >= size) {
        return asg_fail(error, ASG_ERR_INVALID, "%s is longer than %zu characters", name,
                        size - 1);
    }
    memcpy(ret, text, strlen(text) + 1);
    return ASG_OK;
}

static enum asg_status read_number(const struct asg_form *params, const char *name,
                                   int64_t min, int64_t max, int64_t *ret,
                                   struct asg_error *error)
{
    const char *text = asg_form_get(params, name);
    if (text == NULL) return ASG_OK;
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    if (text[0] == '\0' || *end != '\0' || number < min || number > max) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "%s is '%.40s'; it must be a number from %" PRId64 " to %" PRId64,
                        name, text, min, max);
    }
    *ret = number;
    return ASG_OK;
}

static enum asg_status read_probability(const struct asg_form *params, uint32_t *ret,
                                        struct asg_error *error)
{
    const char *text = asg_form_get(params, "probability");
    if (text == NULL) return ASG_OK;
    char *end = NULL;
    double number = strtod(text, &end);
    if (text[0] == '\0' || *end != '\0' || !(number >= 0 && number <= 1)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "probability is '%.40s'; it must be from 0 to 1", text);
    }
    *ret = (uint32_t)(number * MILLION + 0.5);
    return ASG_OK;
}

static enum asg_status read_kind(const struct asg_form *params, enum asg_fault_kind *ret,
                                 struct asg_error *error)
{
    const char *text = asg_form_get(params, "kind");
    for (int kind = 0; text != NULL && kind < ASG_FAULT_KINDS; kind++) {
        if (strcmp(words[kind], text) != 0) continue;
        *ret = (enum asg_fault_kind)kind;
        return ASG_OK;
    }
    struct asg_bytes list = {0};
    for (int kind = 0; kind < ASG_FAULT_KINDS; kind++) {
        asg_bytes_printf(&list, "%s%s", kind == 0 ? "" : ", ", words[kind]);
    }
    enum asg_status status =
        asg_fail(error, ASG_ERR_INVALID, "kind is '%.40s'; it must be one of %s",
                 text != NULL ? text : "", asg_bytes_text(&list));
    asg_bytes_clear(&list);
    return status;
}

static enum asg_status check_fields(const struct asg_form *params,
                                    struct asg_error *error)
{
    static const char *const known[] = {
        "kind",        "action",     "type", "zone",        "count",
        "probability", "latency_ms", "code", "http_status", "lifecycle"};
    for (size_t i = 0; i < params->count; i++) {
        size_t k = 0;
        while (k < sizeof known / sizeof known[0] &&
               strcmp(known[k], params->pairs[i].name) != 0) {
            k++;
        }
        if (k == sizeof known / sizeof known[0]) {
            return asg_fail(
                error, ASG_ERR_INVALID,
                "unknown field '%.40s'; known: kind, action, type, zone, "
                "lifecycle, count, probability, latency_ms, code, http_status",
                params->pairs[i].name);
        }
    }
    return ASG_OK;
}

static enum asg_status read_fault(const struct asg_form *params, struct asg_fault *ret,
                                  struct asg_error *error)
{
    struct asg_fault fault = {.action = "*", .probability_ppm = MILLION, .left = -1};
    int64_t http_status = 0;
    enum asg_status status = check_fields(params, error);
    if (status == ASG_OK) status = read_kind(params, &fault.kind, error);
    if (status == ASG_OK) {
        status = copy_text(params, "action", fault.action, sizeof fault.action, error);
    }
    if (status == ASG_OK) {
        status = copy_text(params, "type", fault.type, sizeof fault.type, error);
    }
    if (status == ASG_OK) {
        status = copy_text(params, "zone", fault.zone, sizeof fault.zone, error);
    }
    if (status == ASG_OK) {
        status = copy_text(params, "lifecycle", fault.lifecycle, sizeof fault.lifecycle,
                           error);
    }
    if (status == ASG_OK) {
        status = copy_text(params, "code", fault.code, sizeof fault.code, error);
    }
    if (status == ASG_OK)
        status = read_probability(params, &fault.probability_ppm, error);
    if (status == ASG_OK) {
        status = read_number(params, "count", 1, INT32_MAX, &fault.left, error);
    }
    if (status == ASG_OK) {
        int64_t most = fault.kind == ASG_FAULT_LAG ? LAG_MS_MAX : LATENCY_MS_MAX;
        status = read_number(params, "latency_ms", 0, most, &fault.latency_ms, error);
    }
    if (status == ASG_OK) {
        status = read_number(params, "http_status", 200, 599, &http_status, error);
    }
    fault.http_status = (int)http_status;
    bool needs_time = fault.kind == ASG_FAULT_LATENCY || fault.kind == ASG_FAULT_LAG;
    if (status == ASG_OK && needs_time && fault.latency_ms == 0) {
        status =
            asg_fail(error, ASG_ERR_INVALID, "%s needs latency_ms", words[fault.kind]);
    }
    if (status == ASG_OK) *ret = fault;
    return status;
}

enum asg_status asg_faults_add(struct asg_faults *faults, const struct asg_form *params,
                               uint32_t *ret_id, struct asg_error *error)
{
    struct asg_fault fault;
    enum asg_status status = read_fault(params, &fault, error);
    if (status != ASG_OK) return status;
    (void)pthread_mutex_lock(&faults->lock);
    if (faults->count == ASG_FAULTS_MAX) {
        status =
            asg_fail(error, ASG_ERR_LIMIT, "there are %d faults already", ASG_FAULTS_MAX);
    } else {
        fault.id = faults->next_id++;
        faults->items[faults->count++] = fault;
        *ret_id = fault.id;
    }
    (void)pthread_mutex_unlock(&faults->lock);
    return status;
}

enum asg_status asg_faults_remove(struct asg_faults *faults, uint32_t id)
{
    (void)pthread_mutex_lock(&faults->lock);
    size_t kept = 0;
    for (size_t i = 0; i < faults->count; i++) {
        if (id == 0 || faults->items[i].id == id) continue;
        faults->items[kept++] = faults->items[i];
    }
    bool is_found = id == 0 || kept < faults->count;
    faults->count = kept;
    (void)pthread_mutex_unlock(&faults->lock);
    return is_found ? ASG_OK : ASG_ERR_NOT_FOUND;
}

/* --- striking --- */

static bool is_drawn(struct asg_faults *faults, uint32_t probability_ppm)
{
    if (probability_ppm >= MILLION) return true;
    faults->random ^= faults->random >> 12;
    faults->random ^= faults->random << 25;
    faults->random ^= faults->random >> 27;
    uint64_t drawn = faults->random * UINT64_C(2685821657736338717);
    return (drawn >> 32) % MILLION < probability_ppm;
}

static bool fits(const char *wanted, const char *text)
{
    return wanted[0] == '\0' || strcmp(wanted, "*") == 0 ||
           (text != NULL && strcmp(wanted, text) == 0);
}

bool asg_faults_strike(struct asg_faults *faults, enum asg_fault_kind kind,
                       const char *action, const char *type, const char *zone,
                       const char *lifecycle, struct asg_fault *ret)
{
    bool strikes = false;
    (void)pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults->count && !strikes; i++) {
        struct asg_fault *fault = &faults->items[i];
        if (fault->kind != kind || fault->left == 0 || !fits(fault->action, action) ||
            !fits(fault->type, type) || !fits(fault->zone, zone) ||
            !fits(fault->lifecycle, lifecycle) ||
            !is_drawn(faults, fault->probability_ppm)) {
            continue;
        }
        fault->hits++;
        if (fault->left > 0) fault->left--;
        *ret = *fault;
        strikes = true;
    }
    (void)pthread_mutex_unlock(&faults->lock);
    return strikes;
}

void asg_faults_print(struct asg_faults *faults, struct asg_bytes *out)
{
    (void)pthread_mutex_lock(&faults->lock);
    asg_bytes_append_text(out, "{\"faults\":[");
    for (size_t i = 0; i < faults->count; i++) {
        const struct asg_fault *fault = &faults->items[i];
        asg_bytes_printf(out,
                         "%s\n{\"id\":%u,\"kind\":\"%s\",\"action\":", i == 0 ? "" : ",",
                         fault->id, words[fault->kind]);
        asg_json_out_text(out, fault->action);
        asg_bytes_append_text(out, ",\"type\":");
        asg_json_out_text(out, fault->type);
        asg_bytes_append_text(out, ",\"zone\":");
        asg_json_out_text(out, fault->zone);
        asg_bytes_append_text(out, ",\"lifecycle\":");
        asg_json_out_text(out, fault->lifecycle);
        asg_bytes_append_text(out, ",\"code\":");
        asg_json_out_text(out, fault->code);
        asg_bytes_printf(out,
                         ",\"probability\":%u.%06u,\"left\":%" PRId64 ",\"hits\":%" PRId64
                         ",\"latency_ms\":%" PRId64 ",\"http_status\":%d}",
                         fault->probability_ppm / MILLION,
                         fault->probability_ppm % MILLION, fault->left, fault->hits,
                         fault->latency_ms, fault->http_status);
    }
    asg_bytes_append_text(out, "]}\n");
    (void)pthread_mutex_unlock(&faults->lock);
}
