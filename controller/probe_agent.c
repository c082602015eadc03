#include "controller/probe_agent.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/failpoint.h"
#include "base/id_map.h"
#include "base/log.h"
#include "controller/probe_trust.h"
#include "crypto/certificates.h"
#include "rpc/agent_service.h"
#include "rpc/health.h"
#include "rpc/reach.h"

#define TARGET_BYTES_MAX 64
#define DETAIL_BYTES_MAX 160

/* What was told of a target last. */
enum sight { ANSWERS, FAILS, OUT_OF_REACH };

static const enum asg_sign signs[] = {
    [ANSWERS] = ASG_SIGN_PROBE_OK,
    [FAILS] = ASG_SIGN_PROBE_FAILED,
    [OUT_OF_REACH] = ASG_SIGN_PROBE_UNREACHABLE,
};

struct target {
    bool is_used;
    bool is_suspect;
    bool is_probing;
    bool must_tell; /* a transition the inbox had no room for */
    bool is_asked;  /* it fell silent: what is found next is told, changed or not */
    enum sight sight;
    uint32_t failures;   /* in a row */
    uint32_t unanswered; /* in a row: not even its host answered */
    int64_t pause_ms;    /* before the next probe of a suspect */
    uint32_t generation; /* changes when the slot gets another instance */
    uint32_t suspect_at; /* of a suspect: its place among them */
    int64_t next_ms;
    char id[ASG_ID_MAX + 1];
    char address[TARGET_BYTES_MAX];
    char tls_key[ASG_KEY_HASH_SIZE]; /* bound to it; "": none yet */
    char detail[DETAIL_BYTES_MAX];
};

struct asg_prober {
    struct asg_prober_options options;
    struct asg_rpc_client *client;
    struct asg_probe_trust *trust; /* NULL: plaintext */
    pthread_mutex_t lock;
    void (*wake)(void *context); /* a new suspect: take a turn now */
    void *wake_context;
    struct target *targets;
    uint32_t target_end;
    uint32_t target_capacity;
    uint32_t *spare; /* slots that nobody has and no probe under way knows */
    uint32_t spare_count;
    uint32_t spare_capacity;
    struct asg_id_map by_id;
    uint32_t *suspects; /* slots; small and short-lived */
    uint32_t suspect_count;
    uint32_t suspect_capacity;
    uint32_t suspect_at;    /* who is first in the next turn */
    uint32_t background_at; /* where the slow round is */
    int64_t background_credit_us;
    int64_t round_ms; /* monotonic: of the last turn */
    struct asg_prober_counts counts;
};

/* What a callback needs to find its target again. */
struct probe {
    struct asg_prober *prober;
    uint32_t slot;
    uint32_t generation;
    struct asg_rpc_reach reach;
};

struct drain {
    struct asg_prober *prober;
    char id[ASG_ID_MAX + 1];
};

static struct target *find(struct asg_prober *prober, const char *instance_id)
{
    uint32_t slot = asg_id_map_find(&prober->by_id, instance_id);
    return slot == ASG_ID_MAP_NONE ? NULL : &prober->targets[slot];
}

static uint32_t take_slot(struct asg_prober *prober)
{
    assert(prober->targets != NULL || prober->target_end == 0);
    if (prober->spare_count > 0) return prober->spare[--prober->spare_count];
    if (prober->target_end == prober->target_capacity) {
        uint32_t wider = prober->target_capacity == 0 ? 64 : prober->target_capacity * 2;
        prober->targets = asg_realloc(prober->targets, wider, sizeof *prober->targets);
        memset(prober->targets + prober->target_capacity, 0,
               (wider - prober->target_capacity) * sizeof *prober->targets);
        prober->target_capacity = wider;
    }
    assert(prober->targets != NULL);
    return prober->target_end++;
}

static void give_slot_back(struct asg_prober *prober, uint32_t slot)
{
    const struct target *target = &prober->targets[slot];
    if (target->is_used || target->is_probing) return; /* its answer gives it back */
    if (prober->spare_count == prober->spare_capacity) {
        prober->spare_capacity =
            prober->spare_capacity == 0 ? 64 : prober->spare_capacity * 2;
        prober->spare =
            asg_realloc(prober->spare, prober->spare_capacity, sizeof *prober->spare);
    }
    prober->spare[prober->spare_count++] = slot;
}

void asg_prober_watch(struct asg_prober *prober, const char *instance_id,
                      const char *address, const char *tls_key)
{
    if (strlen(instance_id) > ASG_ID_MAX || strlen(address) >= TARGET_BYTES_MAX ||
        strlen(tls_key) >= ASG_KEY_HASH_SIZE) {
        return;
    }
    (void)pthread_mutex_lock(&prober->lock);
    struct target *target = find(prober, instance_id);
    if (target == NULL) {
        uint32_t slot = take_slot(prober);
        assert(prober->targets != NULL);
        target = &prober->targets[slot];
        *target = (struct target){.is_used = true, .generation = target->generation + 1};
        (void)snprintf(target->id, sizeof target->id, "%s", instance_id);
        target->next_ms = asg_clock_monotonic_ms(&prober->options.clock) +
                          prober->options.background_ms;
        asg_id_map_put(&prober->by_id, instance_id, slot);
        prober->counts.targets++;
    }
    (void)snprintf(target->address, sizeof target->address, "%s", address);
    (void)snprintf(target->tls_key, sizeof target->tls_key, "%s", tls_key);
    (void)pthread_mutex_unlock(&prober->lock);
}

/* The last one takes its place. */
static void drop_suspect(struct asg_prober *prober, uint32_t slot)
{
    uint32_t at = prober->targets[slot].suspect_at;
    assert(at < prober->suspect_count && prober->suspects[at] == slot);
    uint32_t last = prober->suspects[--prober->suspect_count];
    prober->suspects[at] = last;
    prober->targets[last].suspect_at = at;
}

void asg_prober_forget(struct asg_prober *prober, const char *instance_id)
{
    (void)pthread_mutex_lock(&prober->lock);
    struct target *target = find(prober, instance_id);
    if (target != NULL) {
        uint32_t slot = (uint32_t)(target - prober->targets);
        if (target->is_suspect) drop_suspect(prober, slot);
        asg_id_map_remove(&prober->by_id, instance_id);
        target->is_used = false;
        target->is_suspect = false;
        target->must_tell = false;
        give_slot_back(prober, slot);
        prober->counts.targets--;
    }
    (void)pthread_mutex_unlock(&prober->lock);
}

/* What was found before is over: core forgot a failed probe at the first report since,
 * and believes a silence only beside a probe that failed after it. Lock held. */
static void begin_suspicion(const struct asg_prober *prober, struct target *target)
{
    target->is_asked = true;
    target->sight = ANSWERS;
    target->unanswered = 0;
    target->must_tell = false;
    target->failures = 0;
    target->pause_ms = prober->options.suspect_ms;
}

void asg_prober_suspect(struct asg_prober *prober, const char *instance_id,
                        bool is_suspect)
{
    (void)pthread_mutex_lock(&prober->lock);
    struct target *target = find(prober, instance_id);
    if (target != NULL && target->is_suspect != is_suspect) {
        uint32_t slot = (uint32_t)(target - prober->targets);
        target->is_suspect = is_suspect;
        target->next_ms = 0;
        if (is_suspect) {
            begin_suspicion(prober, target);
            if (prober->suspect_count == prober->suspect_capacity) {
                prober->suspect_capacity =
                    prober->suspect_capacity == 0 ? 64 : prober->suspect_capacity * 2;
                prober->suspects = asg_realloc(prober->suspects, prober->suspect_capacity,
                                               sizeof *prober->suspects);
            }
            target->suspect_at = prober->suspect_count;
            prober->suspects[prober->suspect_count++] = slot;
            if (prober->wake != NULL) prober->wake(prober->wake_context);
        } else {
            drop_suspect(prober, slot);
        }
    }
    (void)pthread_mutex_unlock(&prober->lock);
}

/* Tell a transition; when the inbox is full it stays to be told. Lock held. */
static void tell_transition(struct asg_prober *prober, struct target *target)
{
    target->must_tell = !prober->options.tell(prober->options.context, target->id,
                                              signs[target->sight], target->detail);
}

/* An answer of any kind came from its host: the agent's own, or that nobody listens. */
static bool is_answered(enum asg_rpc_code code, struct asg_rpc_reach *reach)
{
    bool is_reached = asg_rpc_reach_end(reach);
    bool is_silent = code == ASG_RPC_UNAVAILABLE || code == ASG_RPC_DEADLINE_EXCEEDED;
    return is_reached || !is_silent;
}

/* Who holds the bound key is the agent, whatever became of the authority: it is not dead,
 * and not believed. */
static bool is_unsigned(const struct asg_rpc_health_reply *reply)
{
    return strncmp(reply->details, ASG_PROBE_TRUST_UNSIGNED,
                   strlen(ASG_PROBE_TRUST_UNSIGNED)) == 0;
}

/* An instance that reports and cannot be probed: nobody notices until it falls silent,
 * and then its probe does not save it. */
static void tell_unprobed(const char *id, const char *address, const char *detail)
{
    asg_log_rate(
        ASG_LOG_WARN, "probe", "probe_failed",
        "instance=%s at %s reports, and its probe fails: %s; until probes "
        "succeed, silence alone can get it replaced: is that port open to the "
        "controller, and has the agent enrolled with this controller's authority?",
        id, address, detail);
}

/* What to tell of it after one more answer, or none. */
static enum sight judge(const struct asg_prober *prober, struct target *target,
                        bool is_alive, bool is_host_there)
{
    target->failures = is_alive ? 0 : target->failures + 1;
    target->unanswered = is_alive || is_host_there ? 0 : target->unanswered + 1;
    if (is_alive) return ANSWERS;
    uint32_t limit = prober->options.failures;
    if (target->sight == ANSWERS && target->failures < limit) return ANSWERS;
    if (target->unanswered >= limit) return OUT_OF_REACH;
    return is_host_there || target->sight == ANSWERS ? FAILS : target->sight;
}

/* One failure of the background round: look closer soon. A suspect that has been told as
 * failed: ever slower, down to the background's pace, so that many of them do not take
 * the place of new ones. Lock held. */
static int64_t pause_after(const struct asg_prober *prober, struct target *target,
                           bool is_alive)
{
    const struct asg_prober_options *options = &prober->options;
    if (target->sight == ANSWERS) {
        return target->is_suspect || !is_alive ? options->suspect_ms
                                               : options->background_ms;
    }
    if (!target->is_suspect) return options->background_ms;
    int64_t pause_ms = target->pause_ms;
    target->pause_ms *= 2;
    if (target->pause_ms > options->background_ms) {
        target->pause_ms = options->background_ms;
    }
    return pause_ms;
}

/* What a stranger said, or what was cut in the middle of a letter, must not keep the sign
 * out of the log. */
static void make_plain(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') *text = '?';
    }
}

static void take_answer(const struct asg_rpc_health_reply *reply, void *context)
{
    struct probe *probe = context;
    struct asg_prober *prober = probe->prober;
    (void)pthread_mutex_lock(&prober->lock);
    struct target *target = &prober->targets[probe->slot];
    prober->counts.in_flight--;
    ASG_FAILPOINT("probe.answered");
    bool is_alive = reply->code == ASG_RPC_OK && reply->status == ASG_HEALTH_SERVING;
    bool is_host_there = is_answered(reply->code, &probe->reach) && !is_unsigned(reply);
    if (!is_alive) prober->counts.failed++;
    target->is_probing = false;
    if (!target->is_used) give_slot_back(prober, probe->slot);
    bool is_same = target->is_used && target->generation == probe->generation;
    bool is_unprobed = false;
    struct target copy;
    if (is_same && reply->code != ASG_RPC_CANCELLED) {
        (void)snprintf(target->detail, sizeof target->detail, "%s: %s",
                       asg_rpc_code_name(reply->code),
                       is_alive ? "serving" : reply->details);
        make_plain(target->detail);
        enum sight sight = judge(prober, target, is_alive, is_host_there);
        bool is_answer = target->is_asked && (is_alive || sight != ANSWERS);
        bool is_news = sight != target->sight || is_answer;
        target->sight = sight;
        if (is_news) {
            target->is_asked = false;
            tell_transition(prober, target);
        }
        is_unprobed = is_news && !is_alive && !target->is_suspect;
        if (is_unprobed) copy = *target;
        target->next_ms = asg_clock_monotonic_ms(&prober->options.clock) +
                          pause_after(prober, target, is_alive);
    }
    (void)pthread_mutex_unlock(&prober->lock);
    if (is_unprobed) tell_unprobed(copy.id, copy.address, copy.detail);
    free(probe);
}

/* Lock held; true when a probe went out. */
static bool probe_slot(struct asg_prober *prober, uint32_t slot, int64_t now_ms)
{
    struct target *target = &prober->targets[slot];
    if (!target->is_used || target->is_probing || target->next_ms > now_ms) return false;
    if (prober->counts.in_flight >= prober->options.concurrency) return false;
    if (prober->trust != NULL && target->tls_key[0] == '\0') {
        target->next_ms = now_ms + prober->options.suspect_ms;
        return false;
    }
    ASG_FAILPOINT("probe.before_send");
    struct probe *probe = asg_alloc(1, sizeof *probe);
    *probe = (struct probe){prober, slot, target->generation, {.fd = -1}};
    /* Begun first, so that a refusal of the probe has one beside it. */
    bool is_doubted = target->is_suspect || target->failures > 0;
    if (is_doubted) probe->reach = asg_rpc_reach_begin(target->address);
    char peer[ASG_PROBE_PEER_BYTES];
    asg_probe_trust_peer(target->id, target->tls_key, peer);
    enum asg_status status =
        asg_rpc_health_check(prober->client, target->address, peer, "",
                             prober->options.deadline_ms, take_answer, probe);
    if (status != ASG_OK) {
        target->next_ms = now_ms + prober->options.suspect_ms;
        (void)asg_rpc_reach_end(&probe->reach);
        free(probe);
        return false;
    }
    target->is_probing = true;
    prober->counts.in_flight++;
    prober->counts.probes++;
    return true;
}

/* Whoever found no room is first in the next turn. */
static void probe_suspects(struct asg_prober *prober, int64_t now_ms)
{
    uint32_t count = prober->suspect_count;
    uint32_t first = prober->suspect_at < count ? prober->suspect_at : 0;
    bool is_full = false;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t at = (first + n) % count;
        struct target *target = &prober->targets[prober->suspects[at]];
        if (target->must_tell) tell_transition(prober, target);
        if (!is_full && prober->counts.in_flight >= prober->options.concurrency) {
            is_full = true;
            prober->suspect_at = at;
        }
        if (!is_full) (void)probe_slot(prober, prober->suspects[at], now_ms);
    }
}

/* As many as the pace of the slow round allows since the last time. */
static void probe_background(struct asg_prober *prober, int64_t now_ms)
{
    int64_t passed_ms = now_ms - prober->round_ms;
    prober->round_ms = now_ms;
    if (prober->target_end == 0) return;
    prober->background_credit_us += passed_ms * 1000 * prober->target_end;
    int64_t cost_us = prober->options.background_ms * 1000;
    int64_t most_us = cost_us * prober->options.concurrency;
    if (prober->background_credit_us > most_us) prober->background_credit_us = most_us;
    while (prober->background_credit_us >= cost_us) {
        prober->background_credit_us -= cost_us;
        prober->background_at = (prober->background_at + 1) % prober->target_end;
        struct target *target = &prober->targets[prober->background_at];
        if (target->must_tell) tell_transition(prober, target);
        (void)probe_slot(prober, prober->background_at, now_ms);
    }
}

/* The moment of the next probe that is due, as far as it is known now. Lock held. */
static int64_t next_ms(const struct asg_prober *prober, int64_t now_ms)
{
    if (prober->target_end == 0) return INT64_MAX;
    int64_t missing_us =
        prober->options.background_ms * 1000 - prober->background_credit_us;
    int64_t a_ms_us = INT64_C(1000) * prober->target_end;
    int64_t soonest = now_ms + (missing_us + a_ms_us - 1) / a_ms_us;
    for (uint32_t i = 0; i < prober->suspect_count; i++) {
        const struct target *target = &prober->targets[prober->suspects[i]];
        bool waits = !target->is_probing && target->next_ms < soonest;
        if (waits) soonest = target->next_ms;
    }
    return soonest > now_ms ? soonest : now_ms + 1;
}

void asg_prober_tell_again(struct asg_prober *prober)
{
    (void)pthread_mutex_lock(&prober->lock);
    for (uint32_t slot = 0; slot < prober->target_end; slot++) {
        prober->targets[slot].must_tell = prober->targets[slot].is_used;
    }
    (void)pthread_mutex_unlock(&prober->lock);
}

int64_t asg_prober_turn(struct asg_prober *prober)
{
    (void)pthread_mutex_lock(&prober->lock);
    int64_t now_ms = asg_clock_monotonic_ms(&prober->options.clock);
    probe_suspects(prober, now_ms);
    probe_background(prober, now_ms);
    int64_t soonest = next_ms(prober, now_ms);
    (void)pthread_mutex_unlock(&prober->lock);
    return soonest;
}

void asg_prober_on_suspect(struct asg_prober *prober, void (*wake)(void *context),
                           void *context)
{
    (void)pthread_mutex_lock(&prober->lock);
    prober->wake = wake;
    prober->wake_context = context;
    (void)pthread_mutex_unlock(&prober->lock);
}

enum asg_status asg_prober_new(const struct asg_prober_options *options,
                               struct asg_prober **ret, struct asg_error *error)
{
    struct asg_prober *prober = asg_alloc(1, sizeof *prober);
    prober->options = *options;
    prober->options.cluster = prober->options.trusted_pem = NULL; /* theirs to keep */
    if (options->identity != NULL) {
        prober->trust = asg_probe_trust_new(options->cluster, options->trusted_pem);
    }
    prober->round_ms = asg_clock_monotonic_ms(&options->clock);
    const struct asg_rpc_client_options client = {.max_calls = options->concurrency + 64,
                                                  .identity = options->identity,
                                                  .check = asg_probe_trust_check,
                                                  .check_context = prober->trust};
    enum asg_status status = asg_rpc_client_new(&client, &prober->client, error);
    if (status != ASG_OK) {
        asg_probe_trust_destroy(&prober->trust);
        free(prober);
        return status;
    }
    (void)pthread_mutex_init(&prober->lock, NULL);
    *ret = prober;
    return ASG_OK;
}

void asg_prober_destroy(struct asg_prober **prober)
{
    struct asg_prober *p = *prober;
    if (p == NULL) return;
    asg_rpc_client_destroy(&p->client); /* its callbacks have all run */
    asg_probe_trust_destroy(&p->trust);
    (void)pthread_mutex_destroy(&p->lock);
    asg_id_map_clear(&p->by_id);
    free(p->targets);
    free(p->suspects);
    free(p->spare);
    free(p);
    *prober = NULL;
}

static void tell_outcome(const struct asg_rpc_drain *answer, char ret[DETAIL_BYTES_MAX])
{
    const char *words = "its drain script could not be run to completion";
    if (answer->has_timed_out) words = "its drain script was stopped at its limit";
    if (answer->is_drained) words = "drained";
    if (answer->is_drained && answer->exit_code < 0) words = "it has no drain script";
    if (!answer->is_drained && answer->exit_code > 0) {
        (void)snprintf(ret, DETAIL_BYTES_MAX, "its drain script failed with exit code %d",
                       answer->exit_code);
    } else {
        (void)snprintf(ret, DETAIL_BYTES_MAX, "%s", words);
    }
}

static void take_drained(enum asg_rpc_code code, const char *details,
                         const struct asg_rpc_drain *answer, void *context)
{
    struct drain *drain = context;
    char text[DETAIL_BYTES_MAX];
    if (code == ASG_RPC_OK && answer != NULL) {
        tell_outcome(answer, text);
    } else {
        (void)snprintf(text, sizeof text, "could not be drained: %s: %s",
                       asg_rpc_code_name(code), details);
    }
    make_plain(text);
    /* A full inbox is no loss: core has a timer of its own for this drain. */
    (void)drain->prober->options.tell(drain->prober->options.context, drain->id,
                                      ASG_SIGN_DRAINED, text);
    free(drain);
}

void asg_prober_drain(struct asg_prober *prober, const char *instance_id,
                      int64_t limit_ms)
{
    char address[TARGET_BYTES_MAX] = "";
    char peer[ASG_PROBE_PEER_BYTES] = "";
    (void)pthread_mutex_lock(&prober->lock);
    const struct target *target = find(prober, instance_id);
    bool is_unbound =
        target != NULL && prober->trust != NULL && target->tls_key[0] == '\0';
    if (target != NULL && !is_unbound) {
        memcpy(address, target->address, sizeof address);
        asg_probe_trust_peer(target->id, target->tls_key, peer);
    }
    (void)pthread_mutex_unlock(&prober->lock);
    struct drain *drain = asg_alloc(1, sizeof *drain);
    drain->prober = prober;
    (void)snprintf(drain->id, sizeof drain->id, "%s", instance_id);
    enum asg_status status =
        address[0] == '\0'
            ? ASG_ERR_NOT_FOUND
            : asg_rpc_agent_drain(prober->client, address, peer, "scale in",
                                  (uint32_t)limit_ms, limit_ms, take_drained, drain);
    if (status == ASG_OK) return;
    (void)prober->options.tell(prober->options.context, instance_id, ASG_SIGN_DRAINED,
                               is_unbound ? "could not be asked to drain: no key is "
                                            "bound to it"
                                          : "could not be asked to drain");
    free(drain);
}

struct asg_prober_counts asg_prober_counts(struct asg_prober *prober)
{
    (void)pthread_mutex_lock(&prober->lock);
    struct asg_prober_counts counts = prober->counts;
    counts.suspects = prober->suspect_count;
    (void)pthread_mutex_unlock(&prober->lock);
    return counts;
}
