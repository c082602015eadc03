/* fake_ec2 - EC2 behind the worker's transport: the request's form is read by ec2local's
 * handlers (lib/query, its model); the answer is XML that the real reader reads. Faults
 * strike on the way there, there, and on the way back. */
#include <stdlib.h>
#include <string.h>

#include "aws/ec2_transport.h"
#include "ec2local/ec2_query.h"
#include "sim/sim.h"

#define SKEW_MAX_MS    (15 * 60 * 1000)
#define UNKNOWN_FOR_MS 300000 /* EC2 may not know a new instance for so long */

enum exchange_state { EXCHANGE_IDLE, EXCHANGE_SENT, EXCHANGE_READY };

struct asg_ec2_exchange {
    struct asg_ec2_exchange *next;       /* all of the run: flights may point here */
    struct asg_ec2_transport *transport; /* NULL: destroyed */
    void *owner;
    enum exchange_state state;
    uint64_t number; /* of the request under way */
    bool is_whole;
    bool is_cut_short;
    uint32_t http_status;
    struct asg_bytes body;
};

struct asg_ec2_transport {
    struct sim_worker *worker;
    struct asg_ec2_hooks hooks;
    int64_t wait_ms;
    size_t delivered; /* in the last poll */
};

/* One request on its way there and back. */
struct sim_flight {
    struct asg_ec2_exchange *exchange;
    uint64_t number;
    struct asg_bytes request;
    struct asg_bytes answer;
    uint32_t http_status;
    int64_t sent_ms; /* what its signature says */
    bool is_lost;    /* nobody hears the answer */
    bool fails_after;
    bool is_truncated;
    bool is_refused; /* its credentials */
    bool is_changing;
    bool is_last_of_worker; /* the worker dies when it comes */
};

/* ---- there ---- */

static void answer_error(struct sim_flight *flight, uint32_t status, const char *code,
                         const char *message)
{
    flight->http_status = status;
    asg_bytes_reset(&flight->answer);
    struct asg_xml_out out = {.out = &flight->answer};
    asg_query_write_ec2_error(&out, code, message, "simulated");
}

static bool has_capacity(void *context, const char *type, const char *zone, bool is_spot)
{
    (void)context;
    (void)type;
    (void)is_spot;
    const struct asg_world_zone *zones = asg_world_zones(sim.world);
    for (size_t i = 0; i < ASG_WORLD_ZONES; i++) {
        if (zone == NULL || strcmp(zones[i].name, zone) != 0) continue;
        if (sim.dry_until_us[i] <= sim.now_us) continue;
        if (!sim.is_quiet) sim.swarm.hits[SIM_FAULT_EC2_NO_CAPACITY]++;
        return false;
    }
    return true;
}

static bool is_within_rate(const struct asg_form *params, const char *action)
{
    const char **ids = NULL;
    int64_t resources = (int64_t)asg_form_list(params, "InstanceId", &sim.arena, &ids);
    const char *most = asg_form_get(params, "MaxCount");
    if (most == NULL) {
        most = asg_form_get(params, "TargetCapacitySpecification.TotalTargetCapacity");
    }
    if (most != NULL) resources = strtol(most, NULL, 10);
    return asg_rate_take(&sim.rate, action, /* is_narrow */ true, resources, sim.now_us);
}

static const char *tag_value(const struct asg_world_tags *tags, const char *key)
{
    for (size_t i = 0; i < tags->count; i++) {
        if (strcmp(tags->items[i].key, key) == 0) return tags->items[i].value;
    }
    return "";
}

struct sim_cluster *sim_cluster_of(const struct asg_world_tags *tags)
{
    const char *id = tag_value(tags, "openasg:cluster");
    for (uint32_t i = 0; i < sim.cluster_count; i++) {
        const struct asg_log *log = sim_disk_log(sim.clusters[i].disk);
        bool is_its = log != NULL && strcmp(asg_log_cluster_id(log), id) == 0;
        if (is_its) return &sim.clusters[i];
    }
    return our;
}

/* `token`: of the call, since a fleet's instances have tokens of EC2's making. */
static struct sim_instance *note_instance(const struct asg_world_instance *real,
                                          const char *token)
{
    if (sim.instance_count == sim.instance_capacity) {
        sim.instance_capacity =
            sim.instance_capacity == 0 ? 64 : sim.instance_capacity * 2;
        sim.instances = asg_realloc(sim.instances, sim.instance_capacity, sizeof(void *));
    }
    struct sim_instance *instance = asg_alloc(1, sizeof *instance);
    asg_id_map_put(&sim.by_id, real->id, (uint32_t)sim.instance_count);
    sim.instances[sim.instance_count++] = instance;
    memcpy(instance->id, real->id, sizeof instance->id);
    (void)snprintf(instance->token, sizeof instance->token, "%s", token);
    (void)snprintf(instance->address, sizeof instance->address, "%s", real->address_text);
    instance->zone = (uint32_t)(real->subnet->zone - asg_world_zones(sim.world));
    instance->cluster = sim_cluster_of(&real->tags);
    instance->group =
        sim_find_group(instance->cluster, tag_value(&real->tags, "openasg:group"));
    instance->job_id = strtoull(tag_value(&real->tags, "openasg:job"), NULL, 10);
    instance->attempt =
        (uint32_t)strtoul(tag_value(&real->tags, "openasg:attempt"), NULL, 10);
    instance->is_alive = true;
    instance->is_spot = real->launch->data.is_spot;
    instance->generation = 1;
    instance->is_foreign = tag_value(&real->tags, "openasg:cluster")[0] == '\0';
    instance->started_us = sim.now_us;
    instance->never_boots = sim.no_boot_until_us > sim.now_us;
    if (instance->never_boots) {
        sim.swarm.hits[SIM_FAULT_NEVER_BOOTS]++;
        instance->ill_since_us = sim.now_us;
    }
    if (instance->group != NULL) instance->group->alive++;
    return instance;
}

static struct asg_id_map of_tokens; /* how many each token started */

/* One more of this token. The end of a long one says as much as all of it. */
static uint32_t count_of_token(const char *token)
{
    size_t length = strlen(token);
    if (length > ASG_ID_MAX) token += length - ASG_ID_MAX;
    uint32_t before = asg_id_map_find(&of_tokens, token);
    uint32_t count = before == ASG_ID_MAP_NONE ? 1 : before + 1;
    asg_id_map_put(&of_tokens, token, count);
    return count;
}

static void add_instance(const struct asg_world_instance *real, const char *token)
{
    struct sim_instance *instance = note_instance(real, token);
    sim.counts.launches++;
    sim_tell("ec2", "%s starts for %s", instance->id, instance->token);
    sim_check_launched(instance, count_of_token(instance->token));
    struct sim_cluster *was = sim_enter(instance->cluster);
    sim_steal_young(instance);
    (void)sim_enter(was);
}

static void end_instance(struct sim_instance *instance)
{
    if (!instance->is_alive) return;
    struct sim_cluster *was = sim_enter(instance->cluster);
    sim_stop_agent(instance);
    instance->is_alive = false;
    instance->ended_us = sim.now_us;
    sim.instance_us += (double)(sim.now_us - instance->started_us);
    if (instance->group != NULL) {
        instance->group->alive--;
        instance->group->strays -= instance->is_stray ? 1 : 0;
        /* Whoever was heard is not heard from now on, and the others are all there is. */
        if (!instance->is_muted) instance->group->muted_since_us = sim.now_us;
    }
    sim.counts.ends++;
    sim_tell("ec2", "%s ends", instance->id);
    (void)sim_enter(was);
}

/* What EC2 has now against what we noted. */
static void note_states(void)
{
    while (sim.first_alive < sim.instance_count &&
           !sim.instances[sim.first_alive]->is_alive) {
        sim.first_alive++;
    }
    for (size_t i = sim.first_alive; i < sim.instance_count; i++) {
        struct sim_instance *instance = sim.instances[i];
        if (!instance->is_alive) continue;
        const struct asg_world_instance *real = asg_world_find(sim.world, instance->id);
        bool is_alive = real != NULL && (real->state == ASG_WORLD_PENDING ||
                                         real->state == ASG_WORLD_RUNNING);
        if (!is_alive) end_instance(instance);
    }
}

static void carry_out_effects(void)
{
    for (size_t i = 0; i < sim.effects.count; i++) {
        const struct asg_world_effect *effect = &sim.effects.items[i];
        struct sim_instance *instance = sim_find_instance(effect->id);
        if (effect->kind == ASG_WORLD_BOOT && instance != NULL) {
            instance->is_booted = true;
            struct sim_cluster *was = sim_enter(instance->cluster);
            if (!instance->never_boots) sim_start_agent(instance);
            (void)sim_enter(was);
        } else if (effect->kind == ASG_WORLD_KILL) {
            if (instance != NULL) end_instance(instance);
            asg_world_tree_ended(sim.world, effect->id);
        }
    }
    sim.effects.count = 0;
}

void sim_world_turn(void)
{
    asg_world_advance(sim.world, sim_wall_ms(), &sim.effects);
    bool is_some = sim.effects.count > 0;
    carry_out_effects();
    note_states();
    if (is_some) { /* a killed tree ends at once */
        asg_world_advance(sim.world, sim_wall_ms(), &sim.effects);
        carry_out_effects();
    }
    int64_t next_ms = asg_world_next_ms(sim.world);
    if (next_ms == INT64_MAX) return;
    int64_t at_us = (next_ms - SIM_START_MS) * 1000;
    if (at_us <= sim.now_us) at_us = sim.now_us + 1000;
    sim_wish(&sim.world_turn, at_us, SIM_EVENT_WORLD, 0);
}

static void unprotect(struct sim_instance *instance)
{
    struct asg_world_refusal refusal = {.code = ""};
    instance->is_kept_by_ec2 = false;
    if (asg_world_protect(sim.world, instance->id, false, &refusal) != ASG_OK) {
        sim_tell("ec2", "%s is gone already", instance->id);
    }
}

void sim_world_kill(struct sim_instance *instance)
{
    asg_arena_reset(&sim.arena);
    const char *id = instance->id;
    const struct asg_world_move_request request = {.verb = ASG_WORLD_TERMINATE,
                                                   .ids = {.items = &id, .count = 1}};
    struct asg_world_moves moves = {0};
    struct asg_world_refusal refusal = {.code = ""};
    sim_world_turn();
    if (instance->is_kept_by_ec2) { /* which keeps nobody's machine from dying */
        unprotect(instance);
    }
    if (asg_world_move(sim.world, &request, sim_wall_ms(), &sim.arena, &moves,
                       &sim.effects, &refusal) != ASG_OK) {
        return;
    }
    end_instance(instance);
    sim_wish(&sim.world_turn, sim.now_us, SIM_EVENT_WORLD, 0);
}

bool sim_world_announce(struct sim_instance *instance, enum asg_world_notice notice,
                        const char *code, int64_t at_ms)
{
    sim_world_turn();
    if (!asg_world_announce(sim.world, instance->id, notice, code, at_ms)) return false;
    if (notice == ASG_WORLD_INTERRUPTION || notice == ASG_WORLD_REBALANCE) {
        bool is_taken = notice == ASG_WORLD_INTERRUPTION;
        instance->notices |=
            1u << (is_taken ? ASG_SIGN_SPOT_INTERRUPTION : ASG_SIGN_REBALANCE);
        instance->notice_ms = at_ms;
    }
    sim_tell("ec2", "%s: %s", instance->id,
             notice == ASG_WORLD_INTERRUPTION ? "is taken back soon"
             : notice == ASG_WORLD_REBALANCE  ? "may be taken back"
             : code[0] == '\0'                ? "nothing is announced any more"
                                              : code);
    sim_wish(&sim.world_turn, sim.now_us, SIM_EVENT_WORLD, 0);
    return true;
}

bool sim_world_protect(struct sim_instance *instance)
{
    struct asg_world_refusal refusal = {.code = ""};
    if (instance == NULL ||
        asg_world_protect(sim.world, instance->id, true, &refusal) != ASG_OK) {
        return false;
    }
    instance->is_kept_by_ec2 = true;
    sim_tell("somebody", "protects %s in EC2 from its termination", instance->id);
    return true;
}

void sim_world_heal(struct sim_instance *instance)
{
    (void)asg_world_announce(sim.world, instance->id, ASG_WORLD_SCHEDULED_EVENT, "", 0);
    (void)asg_world_announce(sim.world, instance->id, ASG_WORLD_IMPAIRED, "", 0);
    if (instance->is_kept_by_ec2) unprotect(instance);
}

/* The tags of `real`, with the job that a stray shall say; in sim.arena. */
static struct asg_world_tags stray_tags(const struct asg_world_instance *real,
                                        enum sim_stray stray)
{
    struct asg_world_tags tags = {
        .items = asg_arena_take(&sim.arena, real->tags.count * sizeof *tags.items)};
    for (size_t i = 0; i < real->tags.count; i++) {
        struct asg_world_tag tag = real->tags.items[i];
        if (strncmp(tag.key, "aws:", 4) == 0) continue;
        if (strcmp(tag.key, "openasg:job") == 0) {
            if (stray == SIM_STRAY_NO_JOB) continue;
            if (stray == SIM_STRAY_OTHER_JOB)
                tag.value = (char *)(uintptr_t) "4000000000";
        }
        tags.items[tags.count++] = tag;
    }
    return tags;
}

bool sim_world_stray(const struct sim_instance *like, enum sim_stray stray)
{
    sim_world_turn();
    const struct asg_world_instance *real = asg_world_find(sim.world, like->id);
    /* What was attached or let go is of no launch of ours. */
    if (real == NULL || like->is_attached || like->is_detached || like->is_foreign) {
        return false;
    }
    asg_arena_reset(&sim.arena);
    struct asg_world_run_request request = {
        .min_count = 1, .max_count = 1, .data = real->launch->data};
    request.data.tags = stray_tags(real, stray);
    /* What is started from nothing has no agent of ours. */
    if (stray == SIM_STRAY_NO_JOB) request.data.user_data = NULL;
    struct asg_world_instances started = {.items = NULL};
    struct asg_world_refusal refusal = {.code = ""};
    if (asg_world_run(sim.world, &request, sim_wall_ms(), &sim.arena, &started,
                      &refusal) != ASG_OK) {
        return false;
    }
    struct sim_instance *instance = note_instance(started.items[0], "");
    instance->is_stray = true;
    if (instance->group != NULL) instance->group->strays++;
    sim_tell("somebody", "starts %s by hand, like %s%s", instance->id, like->id,
             stray == SIM_STRAY_COPY     ? ""
             : stray == SIM_STRAY_NO_JOB ? " but without its job"
                                         : " but of a job that nobody knows");
    sim_wish(&sim.world_turn, sim.now_us, SIM_EVENT_WORLD, 0);
    return true;
}

struct sim_instance *sim_world_foreign(const struct sim_instance *like)
{
    sim_world_turn();
    const struct asg_world_instance *real = asg_world_find(sim.world, like->id);
    if (real == NULL) return NULL;
    asg_arena_reset(&sim.arena);
    struct asg_world_run_request request = {
        .min_count = 1, .max_count = 1, .data = real->launch->data};
    request.data.tags = (struct asg_world_tags){.items = NULL};
    request.data.user_data = NULL;
    struct asg_world_instances started = {.items = NULL};
    struct asg_world_refusal refusal = {.code = ""};
    if (asg_world_run(sim.world, &request, sim_wall_ms(), &sim.arena, &started,
                      &refusal) != ASG_OK) {
        return NULL;
    }
    struct sim_instance *instance = note_instance(started.items[0], "");
    sim_tell("somebody", "starts %s, which is none of ours", instance->id);
    sim_wish(&sim.world_turn, sim.now_us, SIM_EVENT_WORLD, 0);
    return instance;
}

bool sim_has_our_tags(const struct sim_instance *instance)
{
    const struct asg_world_instance *real = asg_world_find(sim.world, instance->id);
    return real != NULL && tag_value(&real->tags, "openasg:cluster")[0] != '\0';
}

/* Those that change something look the instance up in what lags as well. */
static bool looks_up_young(const struct asg_form *params, const char *action)
{
    bool is_end = strcmp(action, "TerminateInstances") == 0;
    if (!is_end && strcmp(action, "CreateTags") != 0) return false;
    const char **ids = NULL;
    size_t count =
        asg_form_list(params, is_end ? "InstanceId" : "ResourceId", &sim.arena, &ids);
    for (size_t i = 0; i < count; i++) {
        const struct sim_instance *instance = sim_find_instance(ids[i]);
        bool is_young = instance != NULL && instance->is_alive &&
                        sim.now_us - instance->started_us < UNKNOWN_FOR_MS * 1000;
        if (is_young) return true;
    }
    return false;
}

static void act(struct sim_flight *flight, const struct asg_form *params,
                const char *action)
{
    struct asg_xml_out out = {.out = &flight->answer};
    struct asg_call call = {
        .world = sim.world,
        .params = params,
        .arena = &sim.arena,
        .now_ms = sim_wall_ms(),
        .action = action,
        .request_id = "simulated",
        .access_key_id = "AKIDSIMULATED",
        .has_capacity = has_capacity,
        .effects = &sim.effects,
        .out = &out,
    };
    if (sim.lag_until_us > sim.now_us && strncmp(action, "Describe", 8) == 0 &&
        strstr(action, "Template") == NULL) {
        call.lag_ms = sim_between(sim_of(SIM_TOPIC_CALLS), 0, sim.lag_ms);
        if (!sim.is_quiet) sim.swarm.hits[SIM_FAULT_EC2_LAGS]++;
    }
    if (looks_up_young(params, action) && sim_strikes(SIM_FAULT_EC2_NOT_FOUND)) {
        call.lag_ms = UNKNOWN_FOR_MS;
    }
    bool is_launch =
        strcmp(action, "RunInstances") == 0 || strcmp(action, "CreateFleet") == 0;
    if (sim.dies_until_us > sim.now_us && is_launch) {
        call.dies = true;
        if (!sim.is_quiet) sim.swarm.hits[SIM_FAULT_DIES_AT_LAUNCH]++;
    }
    sim_world_turn();
    int64_t limit = asg_world_options(sim.world)->instance_limit;
    const char *most = asg_form_get(params, "MaxCount");
    int64_t asked = most != NULL ? strtoll(most, NULL, 10) : 0;
    bool is_short = limit == 0 && asked > 1 && sim_strikes(SIM_FAULT_EC2_SHORT_LAUNCH);
    if (is_short) {
        asg_world_leave_room(sim.world,
                             sim_between(sim_of(SIM_TOPIC_CALLS), 1, asked - 1));
    }
    flight->http_status = (uint32_t)asg_call_answer(&call, "ec2");
    if (is_short) asg_world_leave_room(sim.world, -1);
    const char *token = asg_form_get(params, "ClientToken");
    if (is_launch) {
        for (size_t i = 0; i < call.ids.count; i++) {
            const struct asg_world_instance *real =
                asg_world_find(sim.world, call.ids.items[i]);
            if (real != NULL && sim_find_instance(real->id) == NULL) {
                add_instance(real, token != NULL ? token : "");
            }
        }
    }
    note_states();
    sim_wish(&sim.world_turn, sim.now_us, SIM_EVENT_WORLD, 0);
}

/* One that is there and is to go. */
static void check_template(const char *action, const struct asg_form *params)
{
    if (strcmp(action, "DeleteLaunchTemplate") != 0) return;
    const struct asg_world_template_reference named = {
        .id = asg_form_get(params, "LaunchTemplateId"),
        .name = asg_form_get(params, "LaunchTemplateName")};
    const struct asg_world_template *template = NULL;
    struct asg_world_refusal refusal = {.code = ""};
    if (asg_world_find_template(sim.world, &named, &template, NULL, &refusal) == ASG_OK) {
        law_neighbours_template(template);
    }
}

static void take_request(struct sim_flight *flight)
{
    struct asg_form params = {0};
    struct asg_query_fault fault;
    if (asg_form_read(flight->request.data, flight->request.length,
                      /* counts_from_zero */ false, &sim.arena, &params,
                      &fault) != ASG_OK) {
        sim_break("every_effect_was_committed_first", "a worker sent no form");
        return;
    }
    const char *action = asg_form_get(&params, "Action");
    if (action == NULL) action = "";
    int64_t skew_ms = flight->sent_ms - sim_wall_ms();
    if (skew_ms > SKEW_MAX_MS || skew_ms < -SKEW_MAX_MS) {
        answer_error(flight, 400, "RequestExpired", "Request has expired.");
    } else if (!is_within_rate(&params, action) || sim.throttled_until_us > sim.now_us ||
               sim_strikes(SIM_FAULT_EC2_THROTTLES)) {
        answer_error(flight, 503, "RequestLimitExceeded", "Request limit exceeded.");
    } else if (flight->is_refused) {
        if (!sim.is_quiet) sim.swarm.hits[SIM_FAULT_REFUSED_CREDENTIALS]++;
        answer_error(flight, 401, "AuthFailure",
                     "AWS was not able to validate the provided access credentials");
    } else if (sim.away_until_us > sim.now_us) {
        answer_error(flight, 503, "Unavailable", "The service is unavailable.");
    } else if (sim.failing_until_us > sim.now_us ||
               sim_strikes(SIM_FAULT_EC2_5XX_BEFORE)) {
        answer_error(flight, 500, "InternalError", "An internal error has occurred");
    } else {
        const char **ids = NULL;
        size_t id_count = asg_form_list(&params, "InstanceId", &sim.arena, &ids);
        sim_check_call(action, asg_form_get(&params, "ClientToken"), ids, id_count);
        if (strcmp(action, "CreateTags") == 0 || strcmp(action, "DeleteTags") == 0) {
            size_t tagged = asg_form_list(&params, "ResourceId", &sim.arena, &ids);
            law_tags_were_planned(action, ids, tagged);
        }
        check_template(action, &params);
        if (strncmp(action, "CreateLaunchTemplate", 20) == 0) {
            law_committed_first_template(asg_form_get(&params, "ClientToken"));
        }
        act(flight, &params, action);
        if (flight->fails_after) {
            answer_error(flight, 500, "InternalError", "An internal error has occurred");
        }
    }
    sim_tell("ec2", "%s: %u%s", action, flight->http_status,
             flight->is_lost ? ", the answer is lost" : "");
}

void sim_ec2_drop(void *object)
{
    struct sim_flight *flight = object;
    asg_bytes_clear(&flight->request);
    asg_bytes_clear(&flight->answer);
    free(flight);
}

void sim_ec2_arrive(void *object)
{
    struct sim_flight *flight = object;
    asg_arena_reset(&sim.arena);
    sim.counts.calls++;
    take_request(flight);
    if (sim.losing_until_us > sim.now_us) flight->is_lost = true;
    if (flight->is_lost) {
        sim_ec2_drop(flight);
        return;
    }
    sim_put(sim.now_us + sim_between(sim_of(SIM_TOPIC_CALLS), 2, 300) * 1000,
            SIM_EVENT_ANSWER, 0, 0, flight);
}

/* ---- back: an answer, or the end of the caller's patience ---- */

void sim_ec2_answer(void *object)
{
    struct sim_flight *flight = object;
    struct asg_ec2_exchange *exchange = flight->exchange;
    bool is_awaited = exchange->transport != NULL && exchange->state == EXCHANGE_SENT &&
                      exchange->number == flight->number;
    if (is_awaited) {
        struct sim_worker *worker = exchange->transport->worker;
        exchange->state = EXCHANGE_READY;
        exchange->is_whole = flight->http_status != 0 && !flight->is_truncated;
        exchange->http_status = flight->http_status;
        asg_bytes_reset(&exchange->body);
        size_t length =
            flight->is_truncated ? flight->answer.length / 2 : flight->answer.length;
        if (length > 0) asg_bytes_append(&exchange->body, flight->answer.data, length);
        if (flight->is_changing && flight->http_status != 200) {
            worker->failed_us = sim.now_us;
        }
        if (flight->is_last_of_worker) sim_die(&worker->process);
        sim_wish(&worker->process.turn, sim.now_us, SIM_EVENT_WORKER,
                 (uint32_t)(worker - our->workers));
    }
    sim_ec2_drop(flight);
}

/* ---- the transport ---- */

static enum asg_status open_transport(const struct asg_ec2_transport_options *options,
                                      struct asg_ec2_transport **ret,
                                      struct asg_error *error)
{
    (void)error;
    struct asg_ec2_transport *transport = asg_alloc(1, sizeof *transport);
    transport->worker = options->context;
    transport->hooks = options->hooks;
    transport->worker->transport = transport;
    transport->wait_ms = INT64_MAX;
    *ret = transport;
    return ASG_OK;
}

static void close_transport(struct asg_ec2_transport *transport)
{
    free(transport);
}

static struct asg_ec2_exchange *exchange_new(struct asg_ec2_transport *transport,
                                             void *owner)
{
    struct asg_ec2_exchange *exchange = sim.exchanges;
    while (exchange != NULL && exchange->transport != NULL)
        exchange = exchange->next;
    if (exchange == NULL) {
        exchange = asg_alloc(1, sizeof *exchange);
        exchange->next = sim.exchanges;
        sim.exchanges = exchange;
    }
    /* Its number goes on: answers to the dead are known by theirs. */
    exchange->transport = transport;
    exchange->owner = owner;
    exchange->state = EXCHANGE_IDLE;
    return exchange;
}

static void exchange_destroy(struct asg_ec2_exchange *exchange)
{
    exchange->transport = NULL;
    asg_bytes_clear(&exchange->body);
}

static int64_t date_of(const struct asg_ec2_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const char *value = request->headers[i].value;
        if (strcasecmp(request->headers[i].name, "x-amz-date") != 0) continue;
        if (strlen(value) != ASG_SIGV4_DATE_SIZE - 1) return 0;
        char text[32];
        (void)snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", value,
                       value + 4, value + 6, value + 9, value + 11, value + 13);
        return asg_time_parse(text);
    }
    return 0;
}

static bool is_launching(const struct asg_ec2_request *request)
{
    static const char run[] = "Action=RunInstances";
    static const char fleet[] = "Action=CreateFleet";
    return memmem(request->body, request->body_length, run, sizeof run - 1) != NULL ||
           memmem(request->body, request->body_length, fleet, sizeof fleet - 1) != NULL;
}

static bool is_changing(const struct asg_ec2_request *request)
{
    static const char end[] = "Action=TerminateInstances";
    return is_launching(request) ||
           memmem(request->body, request->body_length, end, sizeof end - 1) != NULL;
}

static bool is_looking(const struct asg_ec2_request *request)
{
    static const char look[] = "Action=Describe";
    return memmem(request->body, request->body_length, look, sizeof look - 1) != NULL;
}

static enum asg_status start(struct asg_ec2_exchange *exchange,
                             const struct asg_ec2_request *request)
{
    struct sim_process *process = &exchange->transport->worker->process;
    exchange->state = EXCHANGE_SENT;
    exchange->number++;
    if (process->is_dying) return ASG_OK;
    struct sim_worker *worker = exchange->transport->worker;
    if (!is_looking(request)) law_halted_worker_rests(worker);
    if (worker->is_doomed && is_changing(request)) worker->is_lost = true;
    if (worker->is_lost || sim_strikes(SIM_FAULT_CRASH_WORKER_BEFORE_CALL)) {
        sim_die(process);
        return ASG_OK;
    }
    struct sim_flight *flight = asg_alloc(1, sizeof *flight);
    flight->exchange = exchange;
    flight->number = exchange->number;
    flight->sent_ms = date_of(request);
    flight->is_changing = !is_looking(request);
    asg_bytes_append(&flight->request, request->body, request->body_length);
    flight->fails_after = sim_strikes(SIM_FAULT_EC2_5XX_AFTER);
    flight->is_truncated = sim_strikes(SIM_FAULT_EC2_TRUNCATED);
    flight->is_last_of_worker = sim_strikes(SIM_FAULT_CRASH_WORKER_AFTER_CALL);
    flight->is_lost = sim_strikes(SIM_FAULT_EC2_TIMEOUT_AFTER);
    int64_t there_us = sim_between(sim_of(SIM_TOPIC_CALLS), 2, 200) * 1000;
    bool never = sim_strikes(SIM_FAULT_EC2_TIMEOUT_BEFORE) ||
                 (sim.away_until_us > sim.now_us && sim.is_away_silent);
    flight->is_refused = worker->refused_until_us > sim.now_us;
    if (sim_strikes(SIM_FAULT_EC2_LATE_EFFECT)) {
        there_us += sim_between(sim_of(SIM_TOPIC_CALLS), 0, 180) * SIM_SECOND;
    }
    /* The caller's patience: an answer of nothing. */
    struct sim_flight *end = asg_alloc(1, sizeof *end);
    end->exchange = exchange;
    end->number = exchange->number;
    end->is_changing = flight->is_changing;
    sim_put(sim.now_us + request->timeout_ms * 1000, SIM_EVENT_ANSWER, 0, 0, end);
    if (never) {
        sim_ec2_drop(flight);
    } else {
        sim_put(sim.now_us + there_us, SIM_EVENT_EC2, 0, 0, flight);
    }
    return ASG_OK;
}

static void deliver(struct asg_ec2_exchange *exchange)
{
    const struct asg_ec2_hooks *hooks = &exchange->transport->hooks;
    struct asg_ec2_answer answer = {
        .is_whole = exchange->is_whole,
        .may_have_arrived = true,
        .http_status = exchange->http_status,
        .failure = exchange->is_whole ? "" : "timed out",
        .date_ms = exchange->http_status != 0 ? sim_wall_ms() : -1,
        .retry_after_ms = -1,
        .content_type = "text/xml;charset=UTF-8",
    };
    exchange->state = EXCHANGE_IDLE;
    if (exchange->body.length > 0 &&
        !hooks->take_body(exchange->owner, exchange->body.data, exchange->body.length)) {
        answer.is_whole = false;
    }
    hooks->ended(exchange->owner, &answer);
}

static enum asg_status poll_transport(struct asg_ec2_transport *transport,
                                      struct pollfd *extra, size_t extra_count,
                                      int64_t timeout_ms)
{
    (void)extra;
    (void)extra_count;
    transport->wait_ms = timeout_ms >= 1000000000 ? INT64_MAX : timeout_ms;
    transport->delivered = 0;
    struct asg_ec2_exchange *exchange = sim.exchanges;
    for (; exchange != NULL && !transport->worker->process.is_dying;
         exchange = exchange->next) {
        if (exchange->transport != transport || exchange->state != EXCHANGE_READY) {
            continue;
        }
        transport->delivered++;
        deliver(exchange);
    }
    return ASG_OK;
}

static void wake_transport(struct asg_ec2_transport *transport)
{
    (void)transport;
}

const struct asg_ec2_transport_kind sim_transport = {
    .open = open_transport,
    .close = close_transport,
    .exchange_new = exchange_new,
    .exchange_destroy = exchange_destroy,
    .start = start,
    .poll = poll_transport,
    .wake = wake_transport,
};

int64_t sim_transport_wait_ms(struct asg_ec2_transport *transport)
{
    return transport->wait_ms;
}

size_t sim_transport_delivered(struct asg_ec2_transport *transport)
{
    return transport->delivered;
}

/* ---- the region ---- */

static void make_template(uint32_t which)
{
    /* The model only reads requests; its struct is shared with what it owns. */
    char *image = (char *)(uintptr_t)asg_world_images(&(size_t){0})[0].id;
    char *type = (char *)(uintptr_t)(which == 0 ? "t3.micro" : "t3.small");
    struct asg_world_tag said[] = {{(char *)(uintptr_t) "ImageId", image},
                                   {(char *)(uintptr_t) "InstanceType", type}};
    const struct asg_world_template_request request = {
        .template = {.name = which == 0 ? "web" : "web-2"},
        .data = {.image_id = image, .instance_type = type, .parameters = {said, 2}},
    };
    const struct asg_world_template *made = NULL;
    struct asg_world_refusal refusal = {.code = ""};
    if (asg_world_create_template(sim.world, &request, sim_wall_ms(), &made, &refusal) !=
        ASG_OK) {
        (void)fprintf(stderr, "openasg-sim: template: %s\n", refusal.message);
        exit(2);
    }
    (void)snprintf(sim.template_ids[which], sizeof sim.template_ids[which], "%s",
                   made->id);
}

void sim_ec2_begin(void)
{
    const struct asg_world_options options = {
        .region = "us-east-1",
        .account_id = "123456789012",
        .seed = sim_draw(sim_of(SIM_TOPIC_EC2)),
        .boot_min_ms = sim_between(sim_of(SIM_TOPIC_EC2), 1, 10) * 1000,
        .boot_max_ms = sim_between(sim_of(SIM_TOPIC_EC2), 10, 90) * 1000,
        .stop_ms = sim_between(sim_of(SIM_TOPIC_EC2), 1, 60) * 1000,
        .keep_ms = 3600000,
        .cidr_base = 0x0a000000,
        .cidr_bits = 16,
    };
    if (asg_world_new(&options, &sim.world) != ASG_OK) abort();
    for (uint32_t i = 0; i < SIM_TEMPLATES; i++) {
        make_template(i);
    }
}

void sim_ec2_end(void)
{
    while (sim.exchanges != NULL) {
        struct asg_ec2_exchange *exchange = sim.exchanges;
        sim.exchanges = exchange->next;
        asg_bytes_clear(&exchange->body);
        free(exchange);
    }
    for (size_t i = 0; i < sim.instance_count; i++) {
        free(sim.instances[i]);
    }
    free(sim.instances);
    asg_id_map_clear(&sim.by_id);
    asg_id_map_clear(&of_tokens);
    asg_world_effects_clear(&sim.effects);
    asg_world_destroy(&sim.world);
}
