/* api_play - handlers of the API called as the door calls them, without a controller: the
 * test asks by HTTP, the handler gets its checked input, and what it hands on (orders,
 * questions) is kept and answered at once by what the test has laid down.
 *
 * No gate: the caller is "anna". Threads: orders and questions are settled on the HTTP
 * server's thread while the test waits for the answer. */
#ifndef ASG_TESTS_API_PLAY_H
#define ASG_TESTS_API_PLAY_H

#include "lib/check.h"

#include <stdio.h>

#include "api/call.h"
#include "api/door.h"
#include "lib/http_get.h"
#include "model/copy.h"
#include "model/schemas.h"
#include "query/form.h"
#include "view/publish.h"

struct api_play {
    struct asg_api *api;
    struct asg_http_server *server;
    struct asg_view *view;
    uint8_t user_data[64];
    size_t user_data_length;
    uint32_t group_no;      /* of the group put last */
    struct asg_arena arena; /* of what is kept */
    bool is_not_leading;
    /* What came of the last request. */
    struct asg_command order;
    int order_count;
    struct asg_command first_order; /* of a call with several */
    struct asg_question question;
    int question_count;
    char answer[256 * 1024];
    /* What is answered. */
    struct asg_effects effects;     /* reply: accepted, unless it says otherwise */
    const struct asg_told *told[8]; /* one question after the other */
    const struct asg_indexed_activity *activities;
    size_t activity_count;
    bool has_more_activities;
    enum asg_status activities_status;
    struct asg_activity_query activity_query; /* that was asked; its texts are lent */
    void (*look)(const struct asg_activity_query *query); /* while they live; or NULL */
};

static struct api_play play;

static inline bool play_is_leading(void *context)
{
    (void)context;
    return !play.is_not_leading;
}

static inline enum asg_status play_order(void *context, const struct asg_command *command,
                                         asg_api_settled *settled, void *call)
{
    (void)context;
    asg_model_copy(&asg_command_schema, command, &play.arena, &play.order);
    if (play.order_count++ == 0) play.first_order = play.order;
    settled(call, &play.effects);
    return ASG_OK;
}

static inline enum asg_status play_look_up(void *context, const char *asker,
                                           const struct asg_question *question,
                                           asg_told_fn *told, void *call)
{
    (void)context;
    (void)asker;
    static const struct asg_told unavailable = {
        .outcome = ASG_TOLD_UNAVAILABLE, .code = "", .message = "no worker"};
    asg_model_copy(&asg_question_schema, question, &play.arena, &play.question);
    const struct asg_told *answer = play.told[play.question_count++];
    told(call, answer != NULL ? answer : &unavailable);
    return ASG_OK;
}

static inline enum asg_status play_activities(void *context,
                                              const struct asg_activity_query *query,
                                              struct asg_arena *arena,
                                              struct asg_indexed_activity **ret,
                                              size_t *ret_count, bool *ret_has_more,
                                              struct asg_error *error)
{
    (void)context;
    play.activity_query = *query;
    if (play.look != NULL) play.look(query);
    if (play.activities_status != ASG_OK) {
        return asg_fail(error, play.activities_status, "the index says why");
    }
    size_t bytes = play.activity_count * sizeof **ret;
    *ret = asg_arena_take(arena, bytes);
    if (bytes > 0) memcpy(*ret, play.activities, bytes);
    *ret_count = play.activity_count;
    *ret_has_more = play.has_more_activities;
    return ASG_OK;
}

static inline void play_answered(void *context, int http_status, int64_t duration_us)
{
    (void)context;
    (void)http_status;
    (void)duration_us;
}

/* One text of user data, whatever it is called. */
static inline enum asg_status play_keep_user_data(void *context, struct asg_blob text,
                                                  char ret_sha256[65],
                                                  struct asg_error *error)
{
    (void)context;
    if (text.length > sizeof play.user_data) {
        return asg_fail(error, ASG_ERR_LIMIT, "it is over the limit");
    }
    memcpy(play.user_data, text.data, text.length);
    play.user_data_length = text.length;
    memset(ret_sha256, 'a', 64);
    ret_sha256[64] = '\0';
    return ASG_OK;
}

static inline enum asg_status play_read_user_data(void *context, const char *sha256,
                                                  struct asg_arena *arena,
                                                  struct asg_blob *ret,
                                                  struct asg_error *error)
{
    (void)context;
    (void)arena;
    if (sha256[0] != 'a') return asg_fail(error, ASG_ERR_NOT_FOUND, "it is gone");
    *ret = (struct asg_blob){.data = play.user_data, .length = play.user_data_length};
    return ASG_OK;
}

static inline void play_handle(void *context, const struct asg_http_request *request,
                               struct asg_http_response *response)
{
    (void)context;
    static const struct asg_query_style style = {.names_all = true};
    struct asg_api_call *call = asg_api_call_new(play.api, request);
    struct asg_query_fault fault;
    struct asg_form form;
    assert_status(ASG_OK, asg_form_read(request->body, request->body_length, false,
                                        &call->arena, &form, &fault));
    call->action = asg_api_find_action(asg_form_get(&form, "Action"));
    assert_non_null(call->action);
    assert_non_null(call->action->handler);
    call->actor = "anna";
    if (asg_query_read(&form, call->action->input, &style, NULL, &call->arena,
                       &call->input, &fault) == ASG_OK) {
        call->action->handler(call);
    } else {
        char text[ASG_QUERY_MESSAGE_MAX];
        asg_query_fault_message(&fault, ASG_QUERY_WORDS_AWS, text, sizeof text);
        asg_api_refuse(call, 400, asg_query_fault_code(&fault, ASG_QUERY_WORDS_AWS), "%s",
                       text);
    }
    asg_api_call_return(call, response);
}

static inline int play_begin(void **state)
{
    (void)state;
    memset(&play, 0, sizeof play);
    asg_view_new(&play.view);
    play.effects.reply =
        (struct asg_reply){.is_set = true, .is_ok = true, .code = "", .message = ""};
    const struct asg_api_options options = {
        .where = "127.0.0.1:0",
        .region = "eu-west-1",
        .account_id = "123456789012",
        .ports = {.clock = asg_clock_real(),
                  .is_leading = play_is_leading,
                  .order = play_order,
                  .look_up = play_look_up,
                  .view = play.view,
                  .activities = play_activities,
                  .save_user_data = play_keep_user_data,
                  .load_user_data = play_read_user_data,
                  .answered = play_answered},
    };
    const struct asg_http_options http = {.address = "127.0.0.1",
                                          .threads = 1,
                                          .max_body_bytes = 1024 * 1024,
                                          .handler = play_handle};
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_api_new(&options, &play.api, &error));
    assert_status(ASG_OK, asg_http_server_new(&http, &play.server, &error));
    return 0;
}

static inline int play_end(void **state)
{
    (void)state;
    asg_http_server_destroy(&play.server);
    asg_api_destroy(&play.api);
    asg_view_destroy(&play.view);
    asg_arena_clear(&play.arena);
    return 0;
}

/* A group as the view has it, with these policies and nothing else. */
static inline void play_put_group(const struct asg_group_config *config,
                                  const struct asg_policy_config *policies, size_t count)
{
    struct asg_sheet *sheet = asg_sheet_new();
    struct asg_group_config *copy = asg_arena_take(&sheet->arena, sizeof *copy);
    asg_model_copy(&asg_group_config_schema, config, &sheet->arena, copy);
    struct asg_policy_config *items =
        asg_arena_take(&sheet->arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        asg_model_copy(&asg_policy_config_schema, &policies[i], &sheet->arena, &items[i]);
    }
    sheet->content = (struct asg_group_sheet){.group = {.group_no = ++play.group_no,
                                                        .config = copy,
                                                        .degraded_reason = "",
                                                        .resolved_version = ""},
                                              .policies = items,
                                              .policy_count = count};
    asg_view_begin(play.view, /* is_empty */ false);
    asg_draft_put(play.view, asg_page_new(sheet, NULL, 0));
    asg_view_publish(play.view, 0);
}

/* The launch configurations of the view. */
static inline void play_put_configurations(
    const struct asg_launch_configuration *configurations, size_t count)
{
    struct asg_cluster_page *cluster = asg_cluster_page_new();
    struct asg_launch_configuration *items =
        asg_arena_take(&cluster->arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        asg_model_copy(&asg_launch_configuration_schema, &configurations[i],
                       &cluster->arena, &items[i]);
    }
    cluster->content.launch_configurations = items;
    cluster->content.launch_configuration_count = count;
    asg_view_begin(play.view, /* is_empty */ false);
    asg_draft_put_cluster(play.view, cluster);
    asg_view_publish(play.view, 0);
}

/* POST a form; the answer as it came. */
static inline const char *play_ask(const char *form)
{
    static char request[64 * 1024];
    play.order_count = 0;
    play.question_count = 0;
    int length = snprintf(request, sizeof request,
                          "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                          "Content-Type: application/x-www-form-urlencoded\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          strlen(form), form);
    assert_true(length > 0 && (size_t)length < sizeof request);
    (void)http_exchange(asg_http_server_port(play.server), request, play.answer,
                        sizeof play.answer);
    return play.answer;
}

static inline void play_expect(const char *part)
{
    if (strstr(play.answer, part) != NULL) return;
    fail_msg("'%s' is not in: %s", part, play.answer);
}

static inline void play_expect_not(const char *part)
{
    if (strstr(play.answer, part) == NULL) return;
    fail_msg("'%s' is in: %s", part, play.answer);
}

/* It is refused with this code and these words in its message, and no order was given. */
static inline void play_refused(const char *form, const char *code, const char *words)
{
    (void)play_ask(form);
    char part[80];
    (void)snprintf(part, sizeof part, "<Code>%s</Code>", code);
    play_expect(part);
    play_expect(words);
    assert_int_equal(0, play.order_count);
}

#endif
