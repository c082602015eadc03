#include "aws/ec2_client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "aws/ec2_transfer.h"
#include "aws/ec2_meter.h"
#include "aws/rate_limit.h"
#include "base/adaptive_rate.h"
#include "base/failpoint.h"
#include "crypto/crypto.h"

/* What is known of an action: how often it may be called and what its calls came to. */
struct action_state {
    const struct asg_ec2_action *action;
    size_t metered;              /* its place in the meter */
    struct asg_rate_limit limit; /* refill 0: none */
    struct asg_adaptive_rate adaptive;
};

struct call {
    struct call *next;
    const struct asg_ec2_action *action;
    struct action_state *state; /* of the action */
    struct asg_bytes body;
    struct asg_ec2_call_options options;
    asg_ec2_done *done;
    void *context;
    int64_t started_us;
    int64_t due_us;      /* of the next attempt */
    int64_t deadline_us; /* INT64_MAX: none */
    uint32_t attempts;
    int32_t last_cost;
    bool is_unsure;   /* an attempt may have had its effect */
    bool is_broken;   /* the last attempt got no whole answer */
    bool tried_clock; /* the one free repeat after a change of clock */
    bool tried_credentials;
    uint64_t credentials_version; /* that the last attempt was signed with */
    bool is_too_large;
    /* Of the last attempt, for a call that ends while it waits. */
    struct asg_ec2_attempt last;
    char code[ASG_EC2_CODE_MAX + 1];
    char message[ASG_EC2_MESSAGE_MAX + 1];
    char request_id[ASG_EC2_CODE_MAX + 1];
};

/* Calls in order of arrival. */
struct call_list {
    struct call *first;
    struct call **end;
};

struct asg_ec2_client {
    struct asg_ec2_client_options options;
    char *ca_file;
    const struct asg_ec2_transport_kind *kind;
    struct asg_ec2_transport *transport;
    struct asg_sigv4_signer *signer;
    struct asg_credentials credentials;
    uint64_t credentials_version;
    int64_t skew_ms;
    struct asg_retry_quota quota;
    uint64_t random;
    struct asg_ec2_transfer *idle;
    struct asg_ec2_transfer *all;
    struct asg_ec2_kept kept; /* answers that may come again */
    struct call_list waiting; /* not sent now: in line or pausing */
    struct call *spare;
    size_t in_flight;
    size_t pending;
    size_t done_count; /* callbacks made, to know whether one was */
    struct action_state actions[ASG_EC2_METER_ACTIONS];
    size_t action_count;
    struct asg_ec2_meter meter;
};

static int64_t now_us(const struct asg_ec2_client *client)
{
    return asg_clock_monotonic_us(&client->options.clock);
}

/* SplitMix64: jitter needs spread, not secrecy. */
static uint32_t next_chance(struct asg_ec2_client *client)
{
    client->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = client->random;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((mixed ^ (mixed >> 31)) >> 32);
}

static void list_add(struct call_list *list, struct call *call)
{
    call->next = NULL;
    *list->end = call;
    list->end = &call->next;
}

static void call_free(struct call *call)
{
    asg_bytes_clear(&call->body);
    free(call);
}

static void wake_after_refresh(void *context)
{
    asg_ec2_client_wake(context);
}

static void on_ended(void *owner, const struct asg_ec2_answer *answer);

static enum asg_status open_transport(struct asg_ec2_client *client,
                                      struct asg_error *error)
{
    const struct asg_ec2_client_options *options = &client->options;
    return client->kind->open(
        &(struct asg_ec2_transport_options){
            .endpoint = options->endpoint,
            .in_flight_max = options->in_flight_max,
            .connect_ms = options->connect_ms,
            .ca_file = options->ca_file,
            .hooks = {.take_body = asg_ec2_transfer_take_body, .ended = on_ended},
            .context = options->transport_context},
        &client->transport, error);
}

static void free_client(struct asg_ec2_client *client)
{
    asg_sigv4_signer_destroy(&client->signer);
    asg_credentials_clear(&client->credentials);
    free(client->ca_file);
    free(client);
}

enum asg_status asg_ec2_client_new(const struct asg_ec2_client_options *options,
                                   struct asg_ec2_client **ret, struct asg_error *error)
{
    struct asg_credentials credentials = {0};
    if (options->refresher == NULL) {
        enum asg_status status =
            asg_credentials_fetch(&options->credentials, &credentials, error);
        if (status != ASG_OK) return status;
    }
    struct asg_ec2_client *client = asg_alloc(1, sizeof *client);
    client->options = *options;
    client->kind =
        options->transport != NULL ? options->transport : &asg_ec2_transport_curl;
    client->credentials = credentials;
    client->quota.left = ASG_RETRY_QUOTA;
    client->waiting.end = &client->waiting.first;
    client->random = options->seed;
    if (client->random == 0) asg_random_bytes(&client->random, sizeof client->random);
    if (options->in_flight_max == 0) client->options.in_flight_max = ASG_EC2_IN_FLIGHT;
    if (options->in_flight_max > ASG_EC2_IN_FLIGHT_MAX) {
        client->options.in_flight_max = ASG_EC2_IN_FLIGHT_MAX;
    }
    if (options->connect_ms <= 0) client->options.connect_ms = ASG_EC2_CONNECT_MS;
    if (options->ca_file != NULL) {
        client->ca_file = strdup(options->ca_file);
        client->options.ca_file = client->ca_file;
    }
    asg_sigv4_signer_new(
        &(struct asg_sigv4_signer_options){
            .region = client->options.endpoint.region,
            .service = options->service != NULL ? options->service : "ec2"},
        &client->signer);
    enum asg_status status = open_transport(client, error);
    if (status != ASG_OK) {
        free_client(client);
        return status;
    }
    if (options->refresher != NULL) {
        asg_credentials_refresher_listen(options->refresher, wake_after_refresh, client);
    }
    *ret = client;
    return ASG_OK;
}

void asg_ec2_client_destroy(struct asg_ec2_client **client)
{
    struct asg_ec2_client *gone = *client;
    if (gone == NULL) return;
    if (gone->options.refresher != NULL) {
        asg_credentials_refresher_listen(gone->options.refresher, NULL, NULL);
    }
    while (gone->all != NULL) {
        struct asg_ec2_transfer *transfer = gone->all;
        gone->all = transfer->all;
        gone->kind->exchange_destroy(transfer->exchange);
        if (transfer->call != NULL) call_free(transfer->call);
        asg_ec2_transfer_destroy(transfer);
    }
    asg_ec2_kept_clear(&gone->kept);
    gone->kind->close(gone->transport);
    struct call *lists[] = {gone->waiting.first, gone->spare};
    for (size_t i = 0; i < 2; i++) {
        while (lists[i] != NULL) {
            struct call *call = lists[i];
            lists[i] = call->next;
            call_free(call);
        }
    }
    free_client(gone);
    *client = NULL;
}

static double seconds_of(int64_t us)
{
    return (double)us / 1e6;
}

static struct action_state *state_of(struct asg_ec2_client *client,
                                     const struct asg_ec2_action *action)
{
    for (size_t i = 0; i < client->action_count; i++) {
        if (client->actions[i].action == action) return &client->actions[i];
    }
    assert(client->action_count < ASG_EC2_METER_ACTIONS);
    struct action_state *state = &client->actions[client->action_count++];
    state->action = action;
    state->metered = asg_ec2_meter_action(&client->meter, action->name);
    asg_adaptive_rate_init(&state->adaptive, seconds_of(now_us(client)));
    return state;
}

void asg_ec2_call(struct asg_ec2_client *client, const struct asg_ec2_action *action,
                  const struct asg_bytes *body,
                  const struct asg_ec2_call_options *options, asg_ec2_done *done,
                  void *context)
{
    struct call *call = client->spare;
    if (call != NULL) {
        client->spare = call->next;
    } else {
        call = asg_alloc(1, sizeof *call);
    }
    struct asg_bytes copy = call->body;
    *call = (struct call){.action = action,
                          .state = state_of(client, action),
                          .body = copy,
                          .options = *options,
                          .done = done,
                          .context = context,
                          .started_us = now_us(client),
                          .deadline_us = INT64_MAX};
    asg_bytes_set(&call->body, body->data, body->length);
    call->last.code = call->code;
    call->last.message = call->message;
    call->due_us = call->started_us;
    if (options->deadline_ms > 0) {
        call->deadline_us = call->started_us + options->deadline_ms * 1000;
    }
    if (options->attempts_max == 0) call->options.attempts_max = ASG_RETRY_ATTEMPTS;
    if (options->attempts_unsure < call->options.attempts_max) {
        call->options.attempts_unsure = call->options.attempts_max;
    }
    asg_ec2_meter_call(&client->meter, call->state->metered);
    client->pending++;
    list_add(&client->waiting, call);
}

/* After a doubtful attempt only an answer from beyond EC2's idempotency store settles it:
 * success and the token's own errors. A throttle or a refused signature stands before
 * that store; without capacity or quota nothing is kept for the token, so an earlier
 * request that is still on its way may yet launch. */
static bool settles_doubt(enum asg_error_class class)
{
    return class == ASG_ERROR_CLASS_NONE || class == ASG_ERROR_CLASS_IDEMPOTENCY;
}

static void finish(struct asg_ec2_client *client, struct call *call, const void *reply)
{
    if (call->last.class == ASG_ERROR_CLASS_NONE) {
        asg_retry_give_back(&client->quota, call->last_cost);
    }
    struct asg_ec2_outcome outcome = {
        .class = call->last.class,
        .code = call->last.code,
        .message = call->last.message,
        .request_id = call->request_id,
        .http_status = call->last.http_status,
        .attempts = call->attempts,
        .duration_us = now_us(client) - call->started_us,
        .is_ambiguous = call->is_unsure && !settles_doubt(call->last.class),
        .is_too_large = call->is_too_large,
    };
    client->pending--;
    client->done_count++;
    call->done(call->context, &outcome, reply);
    call->next = client->spare;
    client->spare = call;
}

/* The call ends without another attempt. */
static void finish_unsent(struct asg_ec2_client *client, struct call *call,
                          enum asg_error_class class, const char *message)
{
    if (call->attempts == 0) {
        call->last.class = class;
        call->last.message = message;
    }
    void *empty = asg_alloc(1, call->action->reply_size);
    finish(client, call, empty);
    free(empty);
}

static struct asg_ec2_transfer *take_transfer(struct asg_ec2_client *client)
{
    struct asg_ec2_transfer *transfer = client->idle;
    if (transfer != NULL) {
        client->idle = transfer->next;
        return transfer;
    }
    transfer = asg_alloc(1, sizeof *transfer);
    transfer->client = client;
    transfer->exchange = client->kind->exchange_new(client->transport, transfer);
    if (transfer->exchange == NULL) {
        free(transfer);
        return NULL;
    }
    transfer->all = client->all;
    client->all = transfer;
    return transfer;
}

static void put_transfer(struct asg_ec2_client *client, struct asg_ec2_transfer *transfer)
{
    transfer->call = NULL;
    transfer->next = client->idle;
    client->idle = transfer;
}

static void send_call(struct asg_ec2_client *client, struct call *call, int64_t at_us)
{
    int64_t timeout_ms = call->options.timeout_ms > 0 ? call->options.timeout_ms
                                                      : call->action->timeout_ms;
    if (call->deadline_us != INT64_MAX) {
        int64_t left_ms = (call->deadline_us - at_us + 999) / 1000;
        if (left_ms < timeout_ms) timeout_ms = left_ms;
    }
    ASG_FAILPOINT("ec2.before_send");
    struct asg_ec2_transfer *transfer = take_transfer(client);
    enum asg_status status = ASG_ERR_NOMEM;
    if (transfer != NULL) {
        int64_t wall_ms = asg_clock_wall_ms(&client->options.clock) + client->skew_ms;
        status = asg_ec2_transfer_load(transfer, &client->options.endpoint,
                                       client->signer, &client->credentials, call->action,
                                       &call->body, &client->kept, wall_ms, timeout_ms);
    }
    if (status == ASG_OK) {
        transfer->request.wants_new_connection = call->is_broken;
        status = client->kind->start(transfer->exchange, &transfer->request);
    }
    if (status != ASG_OK) {
        if (transfer != NULL) put_transfer(client, transfer);
        finish_unsent(client, call, ASG_ERROR_CLASS_TRANSIENT,
                      "the call could not be sent");
        return;
    }
    transfer->call = call;
    transfer->sent_us = at_us;
    call->attempts++;
    call->credentials_version = client->credentials_version;
    client->in_flight++;
}

/* 0, or how long this action has to wait for a token. */
static int64_t limit_wait_us(const struct asg_ec2_client *client,
                             struct action_state *state, int64_t at_us)
{
    int64_t wait_us = asg_rate_limit_take(&state->limit, at_us);
    if (wait_us > 0 || !client->options.is_adaptive) return wait_us;
    double wait_s = asg_adaptive_rate_take(&state->adaptive, seconds_of(at_us));
    if (wait_s <= 0) return 0;
    asg_rate_limit_give_back(&state->limit);
    return (int64_t)(wait_s * 1e6) + 1;
}

/* The present credentials before a round of sends; ASG_ERR_BUSY: they are being fetched,
 * and the refresher wakes us after that. */
static enum asg_status take_credentials(struct asg_ec2_client *client,
                                        struct asg_error *error)
{
    if (client->options.refresher == NULL || client->waiting.first == NULL) return ASG_OK;
    return asg_credentials_refresher_take(client->options.refresher, &client->credentials,
                                          &client->credentials_version, error);
}

/* Send what is due, in order of arrival; tells the moment of the next due one. */
static void send_due(struct asg_ec2_client *client, int64_t *ret_next_us)
{
    int64_t at_us = now_us(client);
    struct asg_error error = {""};
    enum asg_status signable = take_credentials(client, &error);
    struct call_list all = client->waiting;
    client->waiting = (struct call_list){.first = NULL, .end = &client->waiting.first};
    *ret_next_us = INT64_MAX;
    struct call *next = NULL;
    for (struct call *call = all.first; call != NULL; call = next) {
        next = call->next;
        bool is_stopped = call->attempts > 0 && call->options.may_repeat != NULL &&
                          !call->options.may_repeat(call->context);
        if (at_us >= call->deadline_us || is_stopped) {
            finish_unsent(client, call, ASG_ERROR_CLASS_TRANSIENT,
                          "its deadline passed before it could be sent");
            continue;
        }
        bool is_due = call->due_us <= at_us;
        bool has_room = client->in_flight < client->options.in_flight_max;
        if (is_due && signable != ASG_OK && signable != ASG_ERR_BUSY) {
            finish_unsent(client, call, ASG_ERROR_CLASS_CREDENTIALS, error.text);
            continue;
        }
        if (is_due && has_room && signable == ASG_OK) {
            int64_t wait_us = limit_wait_us(client, call->state, at_us);
            if (wait_us == 0) {
                send_call(client, call, at_us);
                continue;
            }
            call->due_us = at_us + wait_us;
        }
        if (call->due_us > at_us && call->due_us < *ret_next_us) {
            *ret_next_us = call->due_us;
        }
        if (call->deadline_us < *ret_next_us) *ret_next_us = call->deadline_us;
        list_add(&client->waiting, call);
    }
}

/* EC2 refuses our signature: its clock or our credentials may be the reason, and each is
 * worth one repeat. */
static bool mend_signature(struct asg_ec2_client *client, struct call *call,
                           const struct asg_ec2_answer *answer)
{
    if (answer->date_ms >= 0 && !call->tried_clock) {
        int64_t skew_ms = answer->date_ms - asg_clock_wall_ms(&client->options.clock);
        int64_t change_ms = skew_ms - client->skew_ms;
        if (change_ms >= ASG_EC2_SKEW_MS || change_ms <= -ASG_EC2_SKEW_MS) {
            client->skew_ms = skew_ms;
            call->tried_clock = true;
            return true;
        }
    }
    if (call->tried_credentials) return false;
    call->tried_credentials = true;
    if (client->options.refresher != NULL) {
        return asg_credentials_refresher_renew(client->options.refresher,
                                               call->credentials_version);
    }
    struct asg_credentials fresh = {0};
    if (asg_credentials_fetch(&client->options.credentials, &fresh, NULL) != ASG_OK) {
        return false;
    }
    bool is_same =
        strcmp(fresh.access_key_id, client->credentials.access_key_id) == 0 &&
        asg_secret_same(&fresh.secret_key, &client->credentials.secret_key) &&
        asg_secret_same(&fresh.session_token, &client->credentials.session_token);
    asg_credentials_clear(&client->credentials);
    client->credentials = fresh;
    return !is_same;
}

static bool wants_another(struct asg_ec2_client *client, struct call *call,
                          const struct asg_ec2_answer *answer)
{
    enum asg_error_class class = call->last.class;
    int64_t at_us = now_us(client);
    if (class == ASG_ERROR_CLASS_CLOCK || class == ASG_ERROR_CLASS_CREDENTIALS) {
        call->due_us = at_us;
        return mend_signature(client, call, answer);
    }
    int64_t delay_ms = 0;
    enum asg_retry_answer again =
        asg_retry_ask(&client->quota,
                      &(struct asg_retry_question){
                          .class = class,
                          .attempts = call->attempts,
                          .attempts_max = call->is_unsure ? call->options.attempts_unsure
                                                          : call->options.attempts_max,
                          .hint_ms = answer->retry_after_ms,
                          .chance = next_chance(client)},
                      &delay_ms, &call->last_cost);
    if (again != ASG_RETRY_AGAIN) return false;
    call->due_us = at_us + delay_ms * 1000;
    return call->due_us < call->deadline_us;
}

static void meter_attempt(struct asg_ec2_client *client, const struct call *call,
                          const struct asg_ec2_transfer *transfer)
{
    int64_t at_us = now_us(client);
    asg_ec2_meter_attempt(&client->meter, &(struct asg_ec2_metered){
                                              .action = call->state->metered,
                                              .class = call->last.class,
                                              .code = call->last.code,
                                              .duration_us = at_us - transfer->sent_us,
                                              .sent_bytes = call->body.length,
                                              .received_bytes = transfer->body_bytes});
    if (!client->options.is_adaptive) return;
    asg_adaptive_rate_answered(&call->state->adaptive, 1,
                               call->last.class == ASG_ERROR_CLASS_THROTTLE,
                               seconds_of(at_us));
}

/* The transport's hook: an attempt is over. */
static void on_ended(void *owner, const struct asg_ec2_answer *answer)
{
    struct asg_ec2_transfer *transfer = owner;
    struct asg_ec2_client *client = transfer->client;
    struct call *call = transfer->call;
    client->in_flight--;
    ASG_FAILPOINT("ec2.reply_read");
    call->last = asg_ec2_transfer_end(transfer, answer);
    ASG_FAILPOINT("ec2.reply_parsed");
    meter_attempt(client, call, transfer);
    call->is_unsure = call->is_unsure || call->last.may_have_acted;
    call->is_broken = !answer->is_whole;
    call->is_too_large = transfer->is_too_large;
    memcpy(call->request_id, transfer->reply.request_id, sizeof call->request_id);
    if (call->last.class != ASG_ERROR_CLASS_NONE && wants_another(client, call, answer)) {
        /* The transfer's memory goes; keep the words for the case that this call ends
         * while it waits. */
        (void)strncpy(call->code, call->last.code, sizeof call->code - 1);
        (void)strncpy(call->message, call->last.message, sizeof call->message - 1);
        call->last.code = call->code;
        call->last.message = call->message;
        put_transfer(client, transfer);
        list_add(&client->waiting, call);
        return;
    }
    finish(client, call, transfer->reply.value);
    put_transfer(client, transfer);
}

enum asg_status asg_ec2_client_poll(struct asg_ec2_client *client, struct pollfd *extra,
                                    size_t extra_count, int64_t timeout_ms)
{
    size_t done_before = client->done_count;
    int64_t next_us = INT64_MAX;
    send_due(client, &next_us);
    if (client->done_count != done_before || timeout_ms < 0) timeout_ms = 0;
    if (next_us != INT64_MAX) {
        int64_t due_ms = (next_us - now_us(client) + 999) / 1000;
        if (due_ms < 0) due_ms = 0;
        if (due_ms < timeout_ms) timeout_ms = due_ms;
    }
    return client->kind->poll(client->transport, extra, extra_count, timeout_ms);
}

void asg_ec2_client_wake(struct asg_ec2_client *client)
{
    client->kind->wake(client->transport);
}

size_t asg_ec2_client_pending(const struct asg_ec2_client *client)
{
    return client->pending;
}

int64_t asg_ec2_client_skew_ms(const struct asg_ec2_client *client)
{
    return client->skew_ms;
}

void asg_ec2_client_limit(struct asg_ec2_client *client,
                          const struct asg_ec2_action *action, int64_t burst,
                          int64_t refill_milli_per_s)
{
    asg_rate_limit_init(&state_of(client, action)->limit, burst, refill_milli_per_s,
                        now_us(client));
}

void asg_ec2_client_print_metrics(struct asg_ec2_client *client,
                                  enum asg_metric_form form, struct asg_bytes *ret)
{
    asg_ec2_meter_print(&client->meter, form, ret);
}

bool asg_ec2_client_sent(struct asg_ec2_client *client, size_t i,
                         struct asg_ec2_sent *ret)
{
    if (i >= client->action_count) return false;
    const struct action_state *state = &client->actions[i];
    struct asg_ec2_meter *meter = &client->meter;
    *ret = (struct asg_ec2_sent){
        .action = state->action->name,
        .attempts = (uint64_t)asg_metric_read(
            &meter->rows[ASG_EC2_METER_ATTEMPTS][state->metered]),
        .throttles = (uint64_t)asg_metric_read(
            &meter->rows[ASG_EC2_METER_THROTTLES][state->metered]),
    };
    return true;
}
