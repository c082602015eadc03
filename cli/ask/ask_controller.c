#include "cli/ask/ask_controller.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/bus.h"
#include "cli/ask/try_endpoint.h"
#include "cli/show/show_result.h"
#include "model/check_texts.h"
#include "text/nearest.h"
#include "text/quantity.h"
#include "wire/wire.h"

#define ANSWER_BYTES_MAX ((size_t)256 * 1024 * 1024)

struct asg_connection {
    struct asg_bus *bus;
    struct asg_bus_connection *peer;
    uint64_t request_no;
    bool was_up; /* so what we said may have arrived */
    char public_key[ASG_BUS_KEY_SIZE];
};

void asg_connection_destroy(struct asg_connection **connection)
{
    if (*connection == NULL) return;
    asg_bus_connection_destroy(&(*connection)->peer);
    asg_bus_destroy(&(*connection)->bus);
    free(*connection);
    *connection = NULL;
}

struct asg_command asg_new_command(enum asg_command_kind kind, const char *group)
{
    return (struct asg_command){
        .kind = kind,
        .actor = "",
        .cluster_id = "",
        .group = group != NULL ? group : "",
        .name = "",
    };
}

/* Our key pair and the controller's public key. A key that is not there is not made: it
 * would be on nobody's list. */
static enum asg_status load_keys(const struct asg_cli_settings *settings,
                                 struct asg_bus_keys *keys, char server[ASG_BUS_KEY_SIZE],
                                 struct asg_error *error)
{
    if (access(settings->key_file, R_OK) != 0) {
        return asg_fail(error, ASG_ERR_NOT_FOUND,
                        "cannot read the admin key %s: %s. On the controller's host %s; "
                        "elsewhere create a key with \"openasg keys make\"",
                        settings->key_file, strerror(errno),
                        errno == EACCES ? "use sudo"
                                        : "start it once, which creates the key, or set "
                                          "--dir or OPENASG_DIR to its folder");
    }
    if (settings->server_key[0] != '\0') {
        (void)snprintf(server, ASG_BUS_KEY_SIZE, "%s", settings->server_key);
    } else {
        enum asg_status status =
            asg_bus_public_key_load(settings->server_key_file, server, error);
        if (status != ASG_OK) {
            return asg_fail_wrap(error, status, "the controller's public key");
        }
    }
    return asg_bus_keys_load_or_make(settings->key_file, keys, error);
}

static int connect_controller(struct asg_cli *cli)
{
    const struct asg_cli_settings *settings = &cli->settings;
    struct asg_error error = {0};
    char server[ASG_BUS_KEY_SIZE] = "";
    ASG_CLEANUP(asg_bus_keys_clear) struct asg_bus_keys keys = {0};
    enum asg_status status = ASG_OK;
    if (!settings->allow_plaintext) status = load_keys(settings, &keys, server, &error);
    if (status != ASG_OK) return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error.text);
    struct asg_connection *connection = asg_alloc(1, sizeof *connection);
    status = asg_bus_new(1, &connection->bus, &error);
    if (status == ASG_OK) {
        const struct asg_bus_connect_options options = {
            .endpoint = settings->controller,
            .server_key = server,
            .keys = &keys,
            .max_message_bytes = ANSWER_BYTES_MAX,
            .reconnect_ms_max = 500,
            .allow_plaintext = settings->allow_plaintext,
        };
        status =
            asg_bus_connection_new(connection->bus, &options, &connection->peer, &error);
    }
    if (status != ASG_OK) {
        asg_connection_destroy(&connection);
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "%s", error.text);
    }
    memcpy(connection->public_key, keys.public_key, sizeof keys.public_key);
    cli->connection = connection;
    return ASG_EXIT_OK;
}

static int say_refused(struct asg_cli *cli)
{
    return asg_cli_fail_more(
        cli, ASG_EXIT_UNREACHABLE, "KeyRefused",
        asg_arena_format(&cli->arena,
                         "Copy it to the controller's admins.d as NAME.pub (\"openasg "
                         "keys show %s\" prints it). If this is its port for workers or "
                         "agents, give its admin address (listen.admin) instead.",
                         cli->settings.key_file),
        "the controller at %s refuses our key %s, the public half of %s",
        cli->settings.controller, cli->connection->public_key, cli->settings.key_file);
}

/* Nothing was ever said to a controller, for one of these reasons. */
static int say_unreached(struct asg_cli *cli, const char *waited, bool is_order,
                         const char *why)
{
    const struct asg_cli_settings *settings = &cli->settings;
    int failure = asg_try_endpoint(settings->controller);
    if (failure == ECONNREFUSED) {
        return asg_cli_fail_more(cli, ASG_EXIT_UNREACHABLE, NULL,
                                 "Start the controller there, or give its admin address "
                                 "with --controller.",
                                 "nothing listens at %s", settings->controller);
    }
    if (failure != 0) {
        return asg_cli_fail_more(
            cli, ASG_EXIT_UNREACHABLE, NULL,
            "Check the address and the network between here and "
            "there.",
            "no answer from %s within %s (%s)", settings->controller, waited,
            failure > 0 ? strerror(failure) : "its name cannot be resolved");
    }
    if (settings->allow_plaintext) {
        return asg_cli_fail_more(cli, ASG_EXIT_UNREACHABLE, NULL,
                                 "Is it a controller's admin address, and has it "
                                 "allow.plaintext?",
                                 "no answer from %s within %s, though something listens "
                                 "there",
                                 settings->controller, waited);
    }
    return asg_cli_fail_more(
        cli, ASG_EXIT_UNREACHABLE, NULL,
        asg_arena_format(&cli->arena,
                         "Is it the controller's admin address? Our server key is from "
                         "%s.%s",
                         settings->server_key[0] != '\0' ? "--server-key"
                                                         : settings->server_key_file,
                         is_order ? " The command was not sent." : ""),
        "no answer from %s within %s: %s", settings->controller, waited, why);
}

/* Who got no answer needs to know whether to look at the address, at the keys, or at what
 * the controller is doing; and after an order, whether it can have been taken. */
static int say_no_answer(struct asg_cli *cli, bool is_order)
{
    char waited[ASG_QUANTITY_TEXT_MAX];
    asg_quantity_print_duration(cli->settings.timeout_ms, waited);
    const char *why = "";
    enum asg_bus_link link = asg_bus_connection_link(cli->connection->peer, &why);
    if (link == ASG_BUS_LINK_REFUSED) return say_refused(cli);
    if (!cli->connection->was_up && link != ASG_BUS_LINK_UP) {
        return say_unreached(cli, waited, is_order, why);
    }
    return asg_cli_fail_more(
        cli, ASG_EXIT_UNREACHABLE, "NoAnswer",
        is_order ? "The command may have been executed nevertheless: check before you "
                   "repeat it."
                 : "Try again, or wait longer with --request-timeout.",
        "the controller at %s was reached but did not answer within %s: it is busy, or "
        "went away (%s)",
        cli->settings.controller, waited, why);
}

/* The answer with our number; others are late ones of questions given up before.
 * ASG_ERR_EMPTY: not yet. */
static enum asg_status receive_answer(struct asg_connection *connection,
                                      struct asg_arena *arena, struct asg_answer *ret)
{
    for (;;) {
        struct asg_bus_message message;
        enum asg_status status = asg_bus_connection_receive(connection->peer, &message);
        if (status != ASG_OK) return status;
        status = asg_wire_decode_message(message.data, message.length, ASG_MESSAGE_ANSWER,
                                         arena, ret);
        if (status != ASG_OK) return status;
        bool is_refused_unread = ret->request_no == 0 && !ret->is_ok;
        if (ret->request_no == connection->request_no || is_refused_unread) return ASG_OK;
    }
}

static int wait_for_answer(struct asg_cli *cli, bool is_order, struct asg_arena *arena,
                           struct asg_answer *ret)
{
    struct asg_connection *connection = cli->connection;
    int64_t end_ms = asg_clock_monotonic_ms(&cli->clock) + cli->settings.timeout_ms;
    for (;;) {
        enum asg_status status = receive_answer(connection, arena, ret);
        if (status == ASG_OK) return ASG_EXIT_OK;
        if (status != ASG_ERR_EMPTY) {
            return asg_cli_fail(cli, ASG_EXIT_FAILED,
                                "the answer from %s cannot be read (%s): use the openasg "
                                "of the controller's release",
                                cli->settings.controller, asg_status_text(status));
        }
        enum asg_bus_link link = asg_bus_connection_link(connection->peer, NULL);
        if (link == ASG_BUS_LINK_REFUSED) return say_refused(cli);
        if (link == ASG_BUS_LINK_UP) connection->was_up = true;
        int64_t left_ms = end_ms - asg_clock_monotonic_ms(&cli->clock);
        if (left_ms <= 0) return say_no_answer(cli, is_order);
        struct asg_bus_poll_item item = {.connection = connection->peer, .fd = -1};
        (void)asg_bus_poll(&item, 1, left_ms);
    }
}

int asg_say_denied(struct asg_cli *cli, const struct asg_answer *answer)
{
    bool has_code = answer->code != NULL && answer->code[0] != '\0';
    bool has_words = answer->message != NULL && answer->message[0] != '\0';
    const char *code = has_code ? answer->code : "Refused";
    const char *words = has_words ? answer->message : "no reason given";
    bool is_alone = cli->fails_in_json; /* the code has a field of its own */
    return asg_cli_fail_more(cli, ASG_EXIT_FAILED, code, NULL, "%s%s%s",
                             is_alone ? "" : code, is_alone ? "" : ": ", words);
}

int asg_ask_any(struct asg_cli *cli, const struct asg_request *request,
                struct asg_arena *arena, struct asg_answer *ret)
{
    struct asg_error error = {""};
    if (asg_model_check_texts(&asg_request_schema, request, &error) != ASG_OK) {
        return asg_cli_fail(cli, ASG_EXIT_USAGE, "not sent: %s", error.text);
    }
    if (cli->connection == NULL) {
        int code = connect_controller(cli);
        if (code != ASG_EXIT_OK) return code;
    }
    struct asg_request numbered = *request;
    numbered.request_no = ++cli->connection->request_no;
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes frame = {0};
    asg_wire_encode_message(ASG_MESSAGE_REQUEST, &numbered, &frame);
    if (frame.length > (size_t)ASG_ADMIN_FRAME_MAX) {
        return asg_cli_fail(cli, ASG_EXIT_FAILED,
                            "the request is %zu bytes long, and the limit is %d",
                            frame.length, ASG_ADMIN_FRAME_MAX);
    }
    enum asg_status status =
        asg_bus_connection_send(cli->connection->peer, frame.data, frame.length);
    bool is_order = request->query == ASG_QUERY_NONE;
    if (status != ASG_OK) return say_no_answer(cli, is_order);
    const char *what =
        is_order ? asg_enum_word(&asg_command_kind_words, (int)request->command->kind)
                 : asg_enum_word(&asg_query_words, (int)request->query);
    asg_cli_say_more(cli, "asking %s for %s %s%s%s (%zu bytes)", cli->settings.controller,
                     is_order ? "the command" : "the query", what,
                     request->name[0] != '\0' ? " " : "", request->name, frame.length);
    int64_t start_ms = asg_clock_monotonic_ms(&cli->clock);
    int code = wait_for_answer(cli, is_order, arena, ret);
    int64_t took_ms = asg_clock_monotonic_ms(&cli->clock) - start_ms;
    asg_cli_say_more(cli, "%s after %" PRId64 " ms",
                     code != ASG_EXIT_OK ? "no answer"
                     : ret->is_ok        ? "answered"
                                         : "refused",
                     took_ms);
    return code;
}

int asg_ask(struct asg_cli *cli, const struct asg_request *request,
            struct asg_arena *arena, struct asg_answer *ret)
{
    int code = asg_ask_any(cli, request, arena, ret);
    if (code != ASG_EXIT_OK || ret->is_ok) return code;
    return asg_say_denied(cli, ret);
}

int asg_order(struct asg_cli *cli, const struct asg_command *command, const char *done,
              struct asg_answer *ret)
{
    const struct asg_request request = {.command = command, .group = "", .name = ""};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (ret != NULL) *ret = answer;
    if (code != ASG_EXIT_OK) return code;
    bool has_words = answer.message != NULL && answer.message[0] != '\0';
    struct asg_done result = asg_done_by_order(command, &answer);
    result.message = has_words ? answer.message : done;
    return asg_cli_result(cli, &result);
}

int asg_fail_group(struct asg_cli *cli, const char *name)
{
    const struct asg_request request = {
        .query = ASG_QUERY_GROUPS, .group = "", .name = ""};
    struct asg_answer answer = {0};
    struct asg_nearest nearest = {0};
    int code = asg_ask(cli, &request, &cli->arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    for (size_t i = 0; i < answer.group_count; i++) {
        const struct asg_group_config *config = answer.groups[i].config;
        if (config != NULL) asg_nearest_offer(&nearest, name, config->name);
    }
    const char *advice =
        nearest.word != NULL
            ? asg_arena_format(&cli->arena, "Did you mean \"%s\"?", nearest.word)
            : "\"openasg group list\" shows the groups.";
    return asg_cli_fail_more(cli, ASG_EXIT_FAILED, "NotFound", advice,
                             "there is no group \"%s\"", name);
}

int asg_ask_group(struct asg_cli *cli, const char *name, bool must_exist,
                  struct asg_arena *arena, const struct asg_group_view **ret)
{
    const struct asg_request request = {
        .query = ASG_QUERY_GROUPS, .group = "", .name = name};
    struct asg_answer answer = {0};
    int code = asg_ask(cli, &request, arena, &answer);
    if (code != ASG_EXIT_OK) return code;
    *ret = NULL;
    for (size_t i = 0; i < answer.group_count; i++) {
        const struct asg_group_config *config = answer.groups[i].config;
        if (config != NULL && strcmp(config->name, name) == 0) *ret = &answer.groups[i];
    }
    if (*ret == NULL && must_exist) return asg_fail_group(cli, name);
    return ASG_EXIT_OK;
}

int asg_check_listed(struct asg_cli *cli, const char *group, size_t count)
{
    const struct asg_group_view *view = NULL;
    if (group == NULL || count > 0) return ASG_EXIT_OK;
    return asg_ask_group(cli, group, /* must_exist */ true, &cli->arena, &view);
}
