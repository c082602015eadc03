#include "cli/imports/read_scaling.h"

#include <stdlib.h>
#include <string.h>

#include "aws/credentials_chain.h"
#include "aws/query.h"
#include "aws/scaling_actions.h"

#define ATTEMPTS       6     /* a person waits: some thirty seconds of throttling */
#define DEADLINE_MS    90000 /* of one call with its repeats */
#define NAMES_MAX      50    /* of one DescribeAutoScalingGroups, and of other names */
#define SUBNETS_MAX    200   /* values of a filter */
#define PAGES_MAX      1000
#define POLL_MS        1000
#define IS_NEEDED      true
#define MAY_BE_MISSING false

struct service {
    const char *name;
    struct asg_endpoint endpoint;
    struct asg_ec2_client *client;
};

struct asg_scaling_reader {
    struct asg_scaling_options options;
    struct asg_credentials_chain *chain;
    struct asg_shared_config *files;
    const char *region;
    const char *ca_file;
    struct service services[3];
};

/* ---- services ---- */

static enum asg_status resolve(struct asg_scaling_reader *reader, struct service *service,
                               struct asg_error *error)
{
    bool is_scaling = strcmp(service->name, "autoscaling") == 0;
    const struct asg_endpoint_options where = {
        .service = service->name,
        .url = is_scaling ? reader->options.endpoint_url : NULL,
        .region = reader->region,
        .files = reader->files,
    };
    return asg_endpoint_resolve(&where, &service->endpoint, error);
}

static enum asg_status open_service(struct asg_scaling_reader *reader,
                                    struct service *service, struct asg_error *error)
{
    if (service->client != NULL) return ASG_OK;
    enum asg_status status = resolve(reader, service, error);
    if (status != ASG_OK) return status;
    const struct asg_ec2_client_options options = {
        .endpoint = service->endpoint,
        .service = service->name,
        .credentials = asg_credentials_chain_provider(reader->chain),
        .clock = reader->options.clock,
        .ca_file = reader->ca_file,
    };
    status = asg_ec2_client_new(&options, &service->client, error);
    if (status == ASG_OK) return ASG_OK;
    return asg_fail_wrap(error, status, "no AWS credentials");
}

static struct service *service_of(struct asg_scaling_reader *reader, const char *name)
{
    struct service *service = reader->services;
    while (strcmp(service->name, name) != 0) {
        service++;
    }
    return service;
}

enum asg_status asg_scaling_reader_new(const struct asg_scaling_options *options,
                                       struct asg_scaling_reader **ret,
                                       struct asg_error *error)
{
    struct asg_scaling_reader *reader = asg_alloc(1, sizeof *reader);
    *ret = reader;
    reader->options = *options;
    reader->services[0].name = "autoscaling";
    reader->services[1].name = "monitoring";
    reader->services[2].name = "ec2";
    const struct asg_shared_config_options files = {.profile = options->profile};
    enum asg_status status = asg_shared_config_load(&files, &reader->files, error);
    if (status != ASG_OK) return status;
    reader->region = asg_endpoint_region(options->region, reader->files);
    reader->ca_file = asg_endpoint_ca_file(NULL, reader->files);
    if (reader->region[0] == '\0') {
        return asg_fail(error, ASG_ERR_INVALID,
                        "no AWS region: give --region, or set AWS_REGION");
    }
    const struct asg_credentials_chain_options chain = {
        .profile = options->profile,
        .region = reader->region,
        .allows_process = true, /* as AWS's own command line does */
        .clock = options->clock,
    };
    asg_credentials_chain_new(&chain, &reader->chain);
    return open_service(reader, &reader->services[0], error);
}

void asg_scaling_reader_destroy(struct asg_scaling_reader **reader)
{
    struct asg_scaling_reader *gone = *reader;
    if (gone == NULL) return;
    for (size_t i = 0; i < sizeof gone->services / sizeof gone->services[0]; i++) {
        asg_ec2_client_destroy(&gone->services[i].client);
    }
    if (gone->chain != NULL) asg_credentials_chain_destroy(&gone->chain);
    asg_shared_config_destroy(&gone->files);
    free(gone);
    *reader = NULL;
}

const char *asg_scaling_reader_region(const struct asg_scaling_reader *reader)
{
    return reader->region;
}

/* ---- one call ---- */

/* A call that is waited for. */
struct waiting {
    const struct asg_scaling_call *call; /* NULL: DescribeSubnets */
    struct asg_arena *arena;
    struct asg_answer_list *list;
    struct asg_import_answers *answers; /* of DescribeSubnets */
    const char *action;
    const char *host;
    const char *next_token;
    enum asg_status status;
    struct asg_error *error;
    bool is_done;
};

static enum asg_status refuse(const struct waiting *waiting,
                              const struct asg_ec2_outcome *outcome)
{
    struct asg_error *error = waiting->error;
    bool is_expired = strncmp(outcome->code, "ExpiredToken", 12) == 0;
    switch (outcome->class) {
    case ASG_ERROR_CLASS_PERMISSION:
        return asg_fail(error, ASG_ERR_DENIED,
                        "AWS refuses %s to these credentials (%s: %.200s); allow what "
                        "deploy/iam/import-policy.json lists",
                        waiting->action, outcome->code, outcome->message);
    case ASG_ERROR_CLASS_CREDENTIALS:
        return asg_fail(error, ASG_ERR_DENIED,
                        is_expired
                            ? "the AWS credentials have expired (%s: %.200s); sign in "
                              "again, or renew AWS_SESSION_TOKEN"
                            : "AWS does not accept the credentials (%s: %.200s); check "
                              "AWS_PROFILE, AWS_ACCESS_KEY_ID or --profile",
                        outcome->code, outcome->message);
    case ASG_ERROR_CLASS_CLOCK:
        return asg_fail(error, ASG_ERR_DENIED,
                        "AWS does not accept the signature of %s (%s: %.200s); check the "
                        "secret key, and this machine's clock",
                        waiting->action, outcome->code, outcome->message);
    case ASG_ERROR_CLASS_THROTTLE:
        return asg_fail(error, ASG_ERR_BUSY,
                        "AWS throttles %s (%s) after %u attempts; try again in a minute, "
                        "or name fewer groups",
                        waiting->action, outcome->code, outcome->attempts);
    default: break;
    }
    if (outcome->http_status == 0) {
        return asg_fail(error, ASG_ERR_IO, "no answer to %s from %s: %.200s",
                        waiting->action, waiting->host, outcome->message);
    }
    return asg_fail(error, outcome->http_status >= 500 ? ASG_ERR_IO : ASG_ERR_INVALID,
                    "%s answers %s with %s (HTTP %u): %.200s", waiting->host,
                    waiting->action,
                    outcome->code[0] != '\0' ? outcome->code : "an error",
                    outcome->http_status, outcome->message);
}

static void push(struct asg_answer_list *list, const struct asg_answer_node *node,
                 struct asg_arena *arena)
{
    void *items = list->items;
    const struct asg_answer_node **item =
        asg_arena_push(arena, &items, &list->count, &list->capacity, sizeof *item);
    list->items = items;
    *item = node;
}

static void take_members(struct waiting *waiting, const struct asg_answer_tree *tree)
{
    const char *token = "";
    if (tree->is_cut) {
        waiting->status = asg_fail(waiting->error, ASG_ERR_LIMIT,
                                   "the answer to %s has more than %d elements",
                                   waiting->action, ASG_ANSWER_NODES_MAX);
        return;
    }
    for (const struct asg_answer_node *member =
             asg_scaling_members(waiting->call, tree, &token);
         member != NULL; member = member->next) {
        push(waiting->list, asg_answer_copy(member, waiting->arena), waiting->arena);
    }
    waiting->next_token = asg_arena_text(waiting->arena, token);
}

static void take_subnets(struct waiting *waiting, const struct asg_ec2_subnets *reply)
{
    struct asg_import_answers *answers = waiting->answers;
    struct asg_ec2_subnet *all = asg_arena_take(
        waiting->arena, (answers->subnet_count + reply->count + 1) * sizeof *all);
    for (size_t i = 0; i < answers->subnet_count; i++) {
        all[i] = answers->subnets[i];
    }
    for (size_t i = 0; i < reply->count; i++) {
        all[answers->subnet_count + i] = (struct asg_ec2_subnet){
            .subnet_id = asg_arena_text(waiting->arena, reply->subnets[i].subnet_id),
            .zone = asg_arena_text(waiting->arena, reply->subnets[i].zone)};
    }
    answers->subnets = all;
    answers->subnet_count += reply->count;
    waiting->next_token = asg_arena_text(waiting->arena, reply->next_token);
}

static void on_done(void *context, const struct asg_ec2_outcome *outcome,
                    const void *reply)
{
    struct waiting *waiting = context;
    waiting->is_done = true;
    if (outcome->class != ASG_ERROR_CLASS_NONE) {
        waiting->status = refuse(waiting, outcome);
    } else if (waiting->call != NULL) {
        take_members(waiting, reply);
    } else {
        take_subnets(waiting, reply);
    }
}

static enum asg_status wait_for(struct service *service,
                                const struct asg_ec2_action *action,
                                const struct asg_bytes *body, struct waiting *waiting)
{
    const struct asg_ec2_call_options options = {.attempts_max = ATTEMPTS,
                                                 .deadline_ms = DEADLINE_MS};
    waiting->is_done = false;
    waiting->status = ASG_OK;
    waiting->next_token = "";
    waiting->host = service->endpoint.host;
    waiting->action = action->name;
    asg_ec2_call(service->client, action, body, &options, on_done, waiting);
    while (!waiting->is_done) {
        enum asg_status status = asg_ec2_client_poll(service->client, NULL, 0, POLL_MS);
        if (status != ASG_OK && status != ASG_ERR_IO) return status;
    }
    return waiting->status;
}

/* ---- lists ---- */

/* Parameters of a call beside its page: up to NAMES_MAX names of a list, or one text. */
struct asked {
    const char *prefix; /* "AutoScalingGroupNames.member"; NULL: nothing */
    const char *const *names;
    size_t count;
};

static enum asg_status read_pages(struct asg_scaling_reader *reader,
                                  const struct asg_scaling_call *call,
                                  const struct asked *asked, struct asg_answer_list *ret,
                                  struct asg_error *error)
{
    struct service *service = service_of(reader, call->service);
    enum asg_status status = open_service(reader, service, error);
    struct waiting waiting = {
        .call = call, .arena = reader->options.arena, .list = ret, .error = error};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes body = {0};
    const char *token = "";
    for (size_t page = 0; status == ASG_OK; page++) {
        asg_scaling_begin(call, token, &body);
        if (asked->prefix != NULL && asked->count == 1 &&
            strstr(asked->prefix, ".member") == NULL) {
            asg_query_text(&body, asked->prefix, asked->names[0]);
        } else if (asked->prefix != NULL) {
            asg_query_list(&body, asked->prefix, asked->names, asked->count);
        }
        status = wait_for(service, &call->action, &body, &waiting);
        if (status == ASG_OK && waiting.next_token[0] == '\0') break;
        if (status == ASG_OK &&
            (page == PAGES_MAX || strcmp(waiting.next_token, token) == 0)) {
            status =
                asg_fail(error, ASG_ERR_MALFORMED, "%s returns pages of %s without end",
                         waiting.host, call->action.name);
        }
        token = waiting.next_token;
    }
    return status;
}

/* Some names at a time; none: everything. */
static enum asg_status read_named(struct asg_scaling_reader *reader,
                                  const struct asg_scaling_call *call, const char *prefix,
                                  const struct asg_texts *names,
                                  struct asg_answer_list *ret, struct asg_error *error)
{
    enum asg_status status = ASG_OK;
    size_t at = 0;
    do {
        size_t count = names->count - at < NAMES_MAX ? names->count - at : NAMES_MAX;
        const struct asked asked = {.prefix = count > 0 ? prefix : NULL,
                                    .names = count > 0 ? names->items + at : NULL,
                                    .count = count};
        status = read_pages(reader, call, &asked, ret, error);
        at += count;
    } while (status == ASG_OK && at < names->count);
    return status;
}

/* One group after the other, as the action takes one name; those that know how to give
 * everything are asked once when all groups are read. */
static enum asg_status read_of_each(struct asg_scaling_reader *reader,
                                    const struct asg_scaling_call *call,
                                    const struct asg_answer_list *groups,
                                    struct asg_answer_list *ret, struct asg_error *error)
{
    enum asg_status status = ASG_OK;
    for (size_t i = 0; i < groups->count && status == ASG_OK; i++) {
        const char *name = asg_answer_text(groups->items[i], "AutoScalingGroupName");
        const struct asked asked = {"AutoScalingGroupName", &name, 1};
        status = read_pages(reader, call, &asked, ret, error);
    }
    return status;
}

/* What may be missing and was refused leaves why; trouble on the way does not. */
static enum asg_status allow_refusal(struct asg_scaling_reader *reader,
                                     enum asg_status status, const char **ret_refusal,
                                     struct asg_error *error)
{
    if (status != ASG_ERR_DENIED && status != ASG_ERR_INVALID) return status;
    *ret_refusal = asg_arena_text(reader->options.arena, error->text);
    error->text[0] = '\0';
    return ASG_OK;
}

/* ---- what the groups name ---- */

static void add_text(struct asg_texts *texts, size_t *capacity, const char *text,
                     struct asg_arena *arena)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (strcmp(texts->items[i], text) == 0) return;
    }
    void *items = texts->items;
    const char **added =
        asg_arena_push(arena, &items, &texts->count, capacity, sizeof *added);
    texts->items = items;
    *added = text;
}

static enum asg_status read_launch_configurations(struct asg_scaling_reader *reader,
                                                  const struct asg_answer_list *groups,
                                                  struct asg_import_answers *answers,
                                                  struct asg_error *error)
{
    struct asg_texts names = {0};
    size_t capacity = 0;
    for (size_t i = 0; i < groups->count; i++) {
        const char *name = asg_answer_text(groups->items[i], "LaunchConfigurationName");
        if (name[0] != '\0') add_text(&names, &capacity, name, reader->options.arena);
    }
    if (names.count == 0) return ASG_OK;
    struct asg_answer_list *list = &answers->launch_configurations;
    enum asg_status status =
        read_named(reader, &asg_describe_launch_configurations_call,
                   "LaunchConfigurationNames.member", &names, list, error);
    return allow_refusal(reader, status, &list->refusal, error);
}

/* Those of step and simple policies: AWS makes and keeps those of target tracking. */
static enum asg_status read_alarms(struct asg_scaling_reader *reader,
                                   struct asg_import_answers *answers,
                                   struct asg_error *error)
{
    struct asg_texts names = {0};
    size_t capacity = 0;
    for (size_t i = 0; i < answers->policies.count; i++) {
        const struct asg_answer_node *policy = answers->policies.items[i];
        const char *type = asg_answer_text(policy, "PolicyType");
        if (strcmp(type, "StepScaling") != 0 && strcmp(type, "SimpleScaling") != 0) {
            continue;
        }
        const struct asg_answer_node *alarms = asg_answer_child(policy, "Alarms");
        for (const struct asg_answer_node *alarm = alarms != NULL ? alarms->first : NULL;
             alarm != NULL; alarm = alarm->next) {
            add_text(&names, &capacity, asg_answer_text(alarm, "AlarmName"),
                     reader->options.arena);
        }
    }
    if (names.count == 0) return ASG_OK;
    enum asg_status status =
        read_named(reader, &asg_describe_alarms_call, "AlarmNames.member", &names,
                   &answers->alarms, error);
    return allow_refusal(reader, status, &answers->alarms.refusal, error);
}

static void add_subnets(struct asg_texts *ids, size_t *capacity, const char *text,
                        struct asg_arena *arena)
{
    while (*text != '\0') {
        text += strspn(text, ", ");
        size_t length = strcspn(text, ", ");
        if (length == 0) break;
        add_text(ids, capacity, asg_arena_text_n(arena, text, length), arena);
        text += length;
    }
}

static enum asg_status read_some_subnets(struct asg_scaling_reader *reader,
                                         const char *const *ids, size_t count,
                                         struct asg_import_answers *answers,
                                         struct asg_error *error)
{
    struct service *service = service_of(reader, "ec2");
    enum asg_status status = open_service(reader, service, error);
    if (status != ASG_OK) return status;
    /* By a filter, so that one that is gone does not fail the call. */
    const struct asg_ec2_filter filter = {
        .name = "subnet-id", .values = ids, .value_count = count};
    struct waiting waiting = {
        .arena = reader->options.arena, .answers = answers, .error = error};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes body = {0};
    waiting.next_token = "";
    for (size_t page = 0; status == ASG_OK && page < PAGES_MAX; page++) {
        const struct asg_ec2_describe_subnets params = {
            .filters = &filter, .filter_count = 1, .next_token = waiting.next_token};
        asg_ec2_write_describe_subnets(&params, &body);
        status = wait_for(service, &asg_ec2_describe_subnets_action, &body, &waiting);
        if (waiting.next_token[0] == '\0') break;
    }
    return status;
}

static enum asg_status read_subnets(struct asg_scaling_reader *reader,
                                    const struct asg_answer_list *groups,
                                    struct asg_import_answers *answers,
                                    struct asg_error *error)
{
    struct asg_texts ids = {0};
    size_t capacity = 0;
    for (size_t i = 0; i < groups->count; i++) {
        const struct asg_answer_node *zones =
            asg_answer_child(groups->items[i], "AvailabilityZones");
        if (zones != NULL && zones->count == 1) continue; /* it is that zone's */
        add_subnets(&ids, &capacity,
                    asg_answer_text(groups->items[i], "VPCZoneIdentifier"),
                    reader->options.arena);
    }
    enum asg_status status = ASG_OK;
    for (size_t at = 0; at < ids.count && status == ASG_OK; at += SUBNETS_MAX) {
        size_t count = ids.count - at < SUBNETS_MAX ? ids.count - at : SUBNETS_MAX;
        status = read_some_subnets(reader, ids.items + at, count, answers, error);
    }
    /* Nobody answers there: the zones are written by hand. */
    if (status == ASG_ERR_IO) status = ASG_ERR_DENIED;
    return allow_refusal(reader, status, &answers->subnets_refusal, error);
}

/* ---- everything ---- */

static enum asg_status read_beside(struct asg_scaling_reader *reader,
                                   const struct asg_texts *names,
                                   const struct asg_answer_list *groups,
                                   struct asg_import_answers *answers,
                                   struct asg_error *error)
{
    static const struct {
        const struct asg_scaling_call *call;
        size_t offset;  /* of its list in the answers */
        bool is_needed; /* and given for all groups at once */
    } lists[] = {
        {&asg_describe_policies_call, offsetof(struct asg_import_answers, policies),
         IS_NEEDED},
        {&asg_describe_schedules_call, offsetof(struct asg_import_answers, schedules),
         IS_NEEDED},
        {&asg_describe_hooks_call, offsetof(struct asg_import_answers, hooks),
         MAY_BE_MISSING},
        {&asg_describe_refreshes_call, offsetof(struct asg_import_answers, refreshes),
         MAY_BE_MISSING},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct asg_answer_list *list =
            (struct asg_answer_list *)((char *)answers + lists[i].offset);
        enum asg_status status =
            lists[i].is_needed && names->count == 0
                ? read_named(reader, lists[i].call, NULL, names, list, error)
                : read_of_each(reader, lists[i].call, groups, list, error);
        if (!lists[i].is_needed) {
            status = allow_refusal(reader, status, &list->refusal, error);
        }
        if (status != ASG_OK) return status;
    }
    return ASG_OK;
}

static enum asg_status read_notifications(struct asg_scaling_reader *reader,
                                          const struct asg_answer_list *groups,
                                          struct asg_import_answers *answers,
                                          struct asg_error *error)
{
    struct asg_texts names = {0};
    size_t capacity = 0;
    for (size_t i = 0; i < groups->count; i++) {
        add_text(&names, &capacity,
                 asg_answer_text(groups->items[i], "AutoScalingGroupName"),
                 reader->options.arena);
    }
    struct asg_answer_list *list = &answers->notifications;
    enum asg_status status =
        read_named(reader, &asg_describe_notifications_call,
                   "AutoScalingGroupNames.member", &names, list, error);
    return allow_refusal(reader, status, &list->refusal, error);
}

enum asg_status asg_scaling_read(struct asg_scaling_reader *reader,
                                 const struct asg_texts *names,
                                 struct asg_answer_list *ret,
                                 struct asg_import_answers *answers,
                                 struct asg_error *error)
{
    *ret = (struct asg_answer_list){0};
    *answers = (struct asg_import_answers){
        .region = reader->region,
        .now_ms = asg_clock_wall_ms(&reader->options.clock),
    };
    enum asg_status status =
        read_named(reader, &asg_describe_groups_call, "AutoScalingGroupNames.member",
                   names, ret, error);
    if (status != ASG_OK || ret->count == 0) return status;
    status = read_beside(reader, names, ret, answers, error);
    if (status == ASG_OK) status = read_notifications(reader, ret, answers, error);
    if (status == ASG_OK) status = read_alarms(reader, answers, error);
    if (status == ASG_OK) {
        status = read_launch_configurations(reader, ret, answers, error);
    }
    return status == ASG_OK ? read_subnets(reader, ret, answers, error) : status;
}
