/* serve_api - the API's ports in the controller: its orders come in by the inbox, each
 * with the call that waits for it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/hang_up.h"
#include "base/log.h"
#include "base/safe_file.h"
#include "controller/fill_order.h"
#include "controller/metrics.h"
#include "controller/parts.h"
#include "model/check_texts.h"
#include "model/copy.h"
#include "model/schemas.h"
#include "wire/wire.h"

#define ASG_ACCOUNT_ID_LENGTH 12
#define ASG_REGION_MAX        63

#define CONNECTIONS_MAX       4096
#define CONNECTIONS_FEW       256 /* how many files may be opened is not known */
#define FILES_KEPT            512

static bool is_leading(void *context)
{
    const struct asg_controller *controller = context;
    return atomic_load(&controller->is_leading);
}

enum asg_status asg_serve_order(struct asg_controller *controller,
                                const struct asg_command *command,
                                asg_api_settled *settled, void *call)
{
    struct asg_inbox_item *item = asg_inbox_begin(controller->inbox);
    if (item == NULL) {
        asg_count(ASG_COUNT_INBOX_FULL, 1);
        return ASG_ERR_LIMIT;
    }
    struct asg_command *copy = asg_arena_take(&item->arena, sizeof *copy);
    asg_model_copy(&asg_command_schema, command, &item->arena, copy);
    item->event.kind = ASG_EVENT_COMMAND;
    item->event.command = copy;
    item->waiter =
        (struct asg_waiter){.kind = ASG_WAITER_CALL, .settled = settled, .call = call};
    asg_inbox_put(controller->inbox, item);
    return ASG_OK;
}

/* As it would stand in the log. */
static bool is_too_large(const struct asg_command *command)
{
    struct asg_bytes text = {0};
    asg_wire_encode(&asg_command_schema, command, &text);
    bool is_large = text.length > ASG_API_ORDER_BYTES_MAX;
    asg_bytes_clear(&text);
    return is_large;
}

static enum asg_status take_order(void *context, const struct asg_command *command,
                                  asg_api_settled *settled, void *call)
{
    if (is_too_large(command)) return ASG_ERR_INVALID;
    return asg_serve_order(context, command, settled, call);
}

static enum asg_status look_up(void *context, const char *asker,
                               const struct asg_question *question, asg_told_fn *told,
                               void *call)
{
    struct asg_controller *controller = context;
    return asg_look_up_ask(controller->look_up, asker, question, 0, told, call);
}

#define ACTIVITIES_MS 2000 /* a client waits so long for what it wrote itself */

static enum asg_status find_activities(void *context,
                                       const struct asg_activity_query *query,
                                       struct asg_arena *arena,
                                       struct asg_indexed_activity **ret,
                                       size_t *ret_count, bool *ret_has_more,
                                       struct asg_error *error)
{
    struct asg_controller *controller = context;
    return asg_activity_indexer_find(controller->activities, query, ACTIVITIES_MS, arena,
                                     ret, ret_count, ret_has_more, error);
}

static enum asg_status save_user_data(void *context, struct asg_blob text,
                                      char ret_sha256[65], struct asg_error *error)
{
    const struct asg_controller *controller = context;
    return asg_user_data_save(controller->blobs_path, text, ret_sha256, error);
}

static enum asg_status load_user_data(void *context, const char *sha256,
                                      struct asg_arena *arena, struct asg_blob *ret,
                                      struct asg_error *error)
{
    const struct asg_controller *controller = context;
    return asg_user_data_load(controller->blobs_path, sha256, arena, ret, error);
}

static void count_answer(void *context, int http_status, int64_t duration_us)
{
    (void)context;
    asg_count(http_status < 400   ? ASG_COUNT_API_OK
              : http_status < 500 ? ASG_COUNT_API_REFUSED
                                  : ASG_COUNT_API_FAILED,
              1);
    asg_metric_observe_us(&asg_controller_metrics[ASG_COUNT_API_SECONDS], duration_us);
}

/* What strangers may hold open. gRPC ends a process that can open no more files, so the
 * log, workers, agents and probes keep theirs: 512 or a quarter, and of few three
 * quarters. */
static uint32_t connections_max(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return CONNECTIONS_FEW;
    uint64_t all = files.rlim_cur;
    uint64_t kept = all / 4 > FILES_KEPT ? all / 4 : FILES_KEPT;
    uint64_t most = all / 2 >= FILES_KEPT ? all - kept : all / 4;
    if (most >= CONNECTIONS_MAX) return CONNECTIONS_MAX;
    asg_log_warn("api", "few_files",
                 "this process may open %" PRIu64 " files: the API takes %" PRIu64
                 " connections at the same time, not %d; raise LimitNOFILE (ulimit -Hn)",
                 all, most, CONNECTIONS_MAX);
    return most > 0 ? (uint32_t)most : 1;
}

enum asg_status asg_check_names(const struct asg_controller_settings *settings,
                                struct asg_error *error)
{
    const char *account_id = settings->account_id;
    if (strlen(account_id) != ASG_ACCOUNT_ID_LENGTH ||
        strspn(account_id, "0123456789") != ASG_ACCOUNT_ID_LENGTH) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "account_id '%s' is not twelve digits, for example 123456789012; "
                        "in YAML write it in quotes",
                        account_id);
    }
    const char *region = settings->region;
    size_t length = strlen(region);
    if (length == 0 || length > ASG_REGION_MAX ||
        strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != length) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "region '%s' is not a region's name, for example us-east-1",
                        region);
    }
    return ASG_OK;
}

/* What `openasg keys make-api` prints for clients: "URL REGION" in a file of the folder.
 * Without it the command falls back on defaults. */
static void note_endpoint(const struct asg_controller *controller)
{
    char path[ASG_PATH_MAX];
    const char *dir = controller->settings->dir;
    (void)snprintf(path, sizeof path, "%s/api-endpoint", dir);
    if (controller->api == NULL) {
        (void)unlink(path); /* of a life before */
        return;
    }
    char text[ASG_PATH_MAX];
    struct asg_error error = {""};
    int length = snprintf(text, sizeof text, "%s %s\n", asg_api_url(controller->api),
                          controller->settings->region);
    if (asg_safe_file_replace(path, 0644, text, (size_t)length, &error) != ASG_OK) {
        asg_log_warn("api", "endpoint_not_noted", "%s", error.text);
    }
}

enum asg_status asg_serve_api_new(struct asg_controller *controller,
                                  struct asg_error *error)
{
    const struct asg_controller_settings *settings = controller->settings;
    if (settings->listen_api[0] == '\0') {
        note_endpoint(controller);
        return ASG_OK;
    }
    enum asg_status status = asg_check_names(settings, error);
    if (status != ASG_OK) return status;
    const struct asg_api_options options = {
        .where = settings->listen_api,
        .region = settings->region,
        .account_id = settings->account_id,
        .keys_path = settings->api_keys,
        .certificate_path = settings->api_certificate,
        .private_key_path = settings->api_private_key,
        .is_behind_proxy = settings->api_behind_proxy,
        .settle_ms = settings->api_settle_ms,
        .limits = asg_limits_of(settings),
        .connections_max = connections_max(),
        .ports = {.context = controller,
                  .clock = controller->clock,
                  .view = controller->view,
                  .is_leading = is_leading,
                  .order = take_order,
                  .look_up = look_up,
                  .activities = find_activities,
                  .save_user_data = save_user_data,
                  .load_user_data = load_user_data,
                  .answered = count_answer},
    };
    status = asg_activity_indexer_new(controller->log_path, controller->activities_path,
                                      &controller->activities, error);
    if (status != ASG_OK) return status;
    status = asg_api_new(&options, &controller->api, error);
    if (status == ASG_OK) note_endpoint(controller);
    return status;
}

void asg_serve_api_reload(struct asg_controller *controller)
{
    if (controller->api == NULL) {
        asg_hang_up_log("controller");
        return;
    }
    struct asg_error error = {""};
    if (asg_api_reload(controller->api, &error) == ASG_OK) {
        asg_log_info("api", "reloaded", "certificate and keys reloaded");
    } else {
        asg_log_warn("api", "certificate_kept", "%s; the certificate stays as it was",
                     error.text);
    }
}

#define FULL_MS 60000 /* between two warnings */

void asg_serve_api_look(struct asg_controller *controller, int64_t mono_ms)
{
    struct asg_api_connections now = asg_api_connections(controller->api);
    asg_gauge(ASG_COUNT_API_CONNECTIONS, (int64_t)now.open);
    asg_gauge(ASG_COUNT_API_FULL, (int64_t)now.full);
    if (now.full == controller->api_full || mono_ms < controller->api_full_at_ms) return;
    controller->api_full = now.full;
    controller->api_full_at_ms = mono_ms + FULL_MS;
    asg_log_warn("api", "connections_full",
                 "the API is close to its limit of connections (%zu), or one address has "
                 "too many: connections without a request are closed to make room; `ss "
                 "-tn` shows who holds them",
                 now.open);
}
