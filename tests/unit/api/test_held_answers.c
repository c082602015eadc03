/* An answer is held until its group is settled, or its time is over. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

#include "lib/check.h"

#include "api/call.h"
#include "api/held_answers.h"
#include "lib/http_get.h"
#include "query/shape.h"
#include "view/publish.h"

static const struct asg_query_shape nothing = {.members = NULL, .count = 0};

#define SETTLE_MS 5000

static struct {
    struct asg_api *api;
    struct asg_view *view;
    struct asg_http_server *server;
    struct asg_api_action action;
    struct asg_command command;
    pthread_t thread;
    bool is_refused;
    void (*then)(void); /* what the loop does once the order is settled */
    int64_t now_ms;
    int answered;
    char answer[2048];
} play;

/* ---- the view ---- */

struct group {
    uint32_t desired, requested, pending, serving, terminating;
};

/* The counts follow from the leaf that the group has. */
static void publish(const char *name, struct group group)
{
    struct asg_sheet *sheet = asg_sheet_new();
    struct asg_group_config *config = asg_arena_take(&sheet->arena, sizeof *config);
    *config = (struct asg_group_config){.name = name, .desired = group.desired};
    sheet->content.group = (struct asg_group_view){
        .group_no = 1, .config = config, .degraded_reason = "", .resolved_version = ""};
    uint32_t all = group.requested + group.pending + group.serving + group.terminating;
    struct asg_leaf *leaf = asg_leaf_new();
    leaf->content.items =
        asg_arena_take(&leaf->arena, (all + 1) * sizeof *leaf->content.items);
    for (uint32_t i = 0; i < all; i++) {
        leaf->content.items[i] = (struct asg_instance_view){
            .instance_id = asg_arena_format(&leaf->arena, "i-%u", i + 1),
            .group = name,
            .no = i + 1};
    }
    leaf->content.count = all;
    leaf->content.counts = (struct asg_instance_counts){.instances = all,
                                                        .requested = group.requested,
                                                        .pending = group.pending,
                                                        .serving = group.serving,
                                                        .terminating = group.terminating};
    const struct asg_leaf *leaves[] = {leaf};
    asg_view_begin(play.view, /* is_empty */ false);
    if (all == 0) asg_leaf_drop(leaf);
    asg_draft_put(play.view, asg_page_new(sheet, leaves, all > 0 ? 1 : 0));
    asg_view_publish(play.view, 0);
}

static void take_out(const char *name)
{
    asg_view_begin(play.view, /* is_empty */ false);
    asg_draft_take_out(play.view, name, 1);
    asg_view_publish(play.view, 0);
}

/* ---- a controller ---- */

static int64_t play_ms(void *context)
{
    (void)context;
    return play.now_ms;
}

static int64_t play_us(void *context)
{
    (void)context;
    return play.now_ms * 1000;
}

static asg_api_settled *settled;
static void *settled_call;

static void *settle(void *context)
{
    (void)context;
    const struct asg_effects effects = {.reply = {.is_set = true,
                                                  .is_ok = !play.is_refused,
                                                  .code = "ValidationError",
                                                  .message = "no"}};
    settled(settled_call, &effects);
    play.then();
    return NULL;
}

static enum asg_status take_order(void *context, const struct asg_command *command,
                                  asg_api_settled *done, void *call)
{
    (void)context;
    (void)command;
    settled = done;
    settled_call = call;
    assert_int_equal(0, pthread_create(&play.thread, NULL, settle, NULL));
    return ASG_OK;
}

static bool leads(void *context)
{
    (void)context;
    return true;
}

static void count(void *context, int http_status, int64_t duration_us)
{
    (void)context;
    (void)http_status;
    (void)duration_us;
    play.answered++;
}

static void order(struct asg_api_call *call)
{
    asg_api_order(call, &play.command, NULL);
}

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    (void)context;
    struct asg_api_call *call = asg_api_call_new(play.api, request);
    call->action = &play.action;
    call->actor = "anna";
    call->action->handler(call);
    asg_api_call_return(call, response);
}

static void begin(int64_t settle_ms)
{
    memset(&play, 0, sizeof play);
    play.now_ms = 1000;
    play.action =
        (struct asg_api_action){.name = "DoIt", .input = &nothing, .handler = order};
    asg_view_new(&play.view);
    const struct asg_api_options options = {
        .where = "127.0.0.1:0",
        .region = "eu-west-1",
        .account_id = "123456789012",
        .settle_ms = settle_ms,
        .ports = {.clock = {play_ms, play_us, NULL},
                  .view = play.view,
                  .is_leading = leads,
                  .order = take_order,
                  .answered = count},
    };
    const struct asg_http_options http = {
        .address = "127.0.0.1", .threads = 1, .handler = handle};
    struct asg_error error = {""};
    assert_status(ASG_OK, asg_api_new(&options, &play.api, &error));
    assert_status(ASG_OK, asg_http_server_new(&http, &play.server, &error));
}

static void finish(void)
{
    asg_http_server_destroy(&play.server);
    asg_api_destroy(&play.api);
    asg_view_destroy(&play.view);
}

static const char *ask(struct asg_command command, void (*then)(void))
{
    play.command = command;
    play.then = then;
    play.answered = 0;
    (void)http_exchange(asg_http_server_port(play.server),
                        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                        play.answer, sizeof play.answer);
    (void)pthread_join(play.thread, NULL);
    return play.answer;
}

static int64_t turn(void)
{
    return asg_api_turn(play.api, play.now_ms);
}

static const struct asg_command set_desired = {.kind = ASG_COMMAND_SET_DESIRED,
                                               .group = "web"};

/* ---- what happens after the order ---- */

static void ids_come(void)
{
    assert_int_equal(0, play.answered);
    publish("web", (struct group){.desired = 2, .requested = 1, .pending = 1});
    assert_int_equal(1000 + SETTLE_MS, turn());
    assert_int_equal(0, play.answered);
    publish("web", (struct group){.desired = 2, .pending = 2});
    assert_int_equal(INT64_MAX, turn());
    assert_int_equal(1, play.answered);
}

static void test_an_answer_waits_for_the_ids(void **state)
{
    (void)state;
    begin(SETTLE_MS);
    assert_non_null(strstr(ask(set_desired, ids_come), "HTTP/1.1 200"));
    finish();
}

static void nothing_is_planned_yet(void)
{
    publish("web", (struct group){.desired = 2});
    assert_int_equal(1000 + SETTLE_MS, turn()); /* its template is being looked up */
    publish("web", (struct group){.desired = 2, .requested = 2});
    (void)turn();
    assert_int_equal(0, play.answered);
    publish("web", (struct group){.desired = 2, .serving = 2});
    assert_int_equal(INT64_MAX, turn());
}

static void test_an_answer_waits_for_launches_that_are_not_planned_yet(void **state)
{
    (void)state;
    begin(SETTLE_MS);
    assert_non_null(strstr(ask(set_desired, nothing_is_planned_yet), "HTTP/1.1 200"));
    finish();
}

static void ends_come(void)
{
    publish("web", (struct group){.desired = 1, .serving = 1, .terminating = 1});
    (void)turn();
    assert_int_equal(0, play.answered);
    publish("web", (struct group){.desired = 1, .serving = 1});
    (void)turn();
    assert_int_equal(1, play.answered);
}

/* The order names an instance; its group is the one that the view says. */
static void test_an_answer_waits_for_the_end_of_the_instance_it_names(void **state)
{
    (void)state;
    begin(SETTLE_MS);
    publish("web", (struct group){.desired = 1, .serving = 2});
    const char *ids[] = {"i-1"};
    const struct asg_command command = {.kind = ASG_COMMAND_TERMINATE_INSTANCE,
                                        .group = "",
                                        .instance_ids = {.items = ids, .count = 1}};
    assert_non_null(strstr(ask(command, ends_come), "HTTP/1.1 200"));
    finish();
}

static void the_group_goes(void)
{
    publish("web", (struct group){.desired = 0, .terminating = 1});
    (void)turn();
    assert_int_equal(0, play.answered);
    take_out("web");
    (void)turn();
    assert_int_equal(1, play.answered);
}

static void test_an_answer_waits_for_the_end_of_its_group(void **state)
{
    (void)state;
    begin(SETTLE_MS);
    const struct asg_command command = {
        .kind = ASG_COMMAND_GROUP_DELETE, .group = "web", .force = true};
    assert_non_null(strstr(ask(command, the_group_goes), "HTTP/1.1 200"));
    finish();
}

static void time_goes(void)
{
    publish("web", (struct group){.desired = 2, .requested = 2});
    play.now_ms += SETTLE_MS - 1;
    assert_int_equal(1000 + SETTLE_MS, turn());
    assert_int_equal(0, play.answered);
    play.now_ms++;
    assert_int_equal(INT64_MAX, turn());
    assert_int_equal(1, play.answered);
}

static void test_no_answer_waits_longer_than_it_may(void **state)
{
    (void)state;
    begin(SETTLE_MS);
    assert_non_null(strstr(ask(set_desired, time_goes), "HTTP/1.1 200"));
    finish();
}

static void is_answered(void)
{
    assert_int_equal(1, play.answered);
    assert_int_equal(INT64_MAX, turn());
}

static void test_what_settles_nothing_is_answered_at_once(void **state)
{
    (void)state;
    begin(SETTLE_MS);
    publish("web", (struct group){.desired = 2, .requested = 2});
    const struct asg_command tags = {.kind = ASG_COMMAND_GROUP_TAG, .group = "web"};
    assert_non_null(strstr(ask(tags, is_answered), "HTTP/1.1 200"));
    play.is_refused = true;
    assert_non_null(strstr(ask(set_desired, is_answered), "HTTP/1.1 400"));
    finish();
    begin(/* settle_ms */ 0);
    publish("web", (struct group){.desired = 2, .requested = 2});
    assert_non_null(strstr(ask(set_desired, is_answered), "HTTP/1.1 200"));
    finish();
}

static void it_stops(void)
{
    publish("web", (struct group){.desired = 2, .requested = 2});
    (void)turn();
    asg_api_close(play.api);
    assert_int_equal(1, play.answered);
}

static void test_held_answers_go_out_when_the_door_closes(void **state)
{
    (void)state;
    begin(SETTLE_MS);
    assert_non_null(strstr(ask(set_desired, it_stops), "HTTP/1.1 200"));
    finish();
}

/* ---- several at once ---- */

static sem_t is_settled;

static void post(void)
{
    (void)sem_post(&is_settled);
}

struct client {
    pthread_t thread;
    char answer[2048];
};

static void *ask_beside(void *context)
{
    struct client *client = context;
    (void)http_exchange(asg_http_server_port(play.server),
                        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                        client->answer, sizeof client->answer);
    return NULL;
}

/* Its order is taken, and its answer held. */
static void hold(struct client *client, const char *group)
{
    play.command = (struct asg_command){.kind = ASG_COMMAND_SET_DESIRED, .group = group};
    play.then = post;
    assert_int_equal(0, pthread_create(&client->thread, NULL, ask_beside, client));
    struct timespec limit;
    (void)clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 20;
    assert_int_equal(0, sem_timedwait(&is_settled, &limit));
    (void)pthread_join(play.thread, NULL);
}

static void settle_and_turn(const char *group, int expected)
{
    publish(group, (struct group){.desired = 1, .serving = 1});
    (void)turn();
    assert_int_equal(expected, play.answered);
}

static void test_answers_leave_the_list_at_any_place(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d"};
    struct client clients[4];
    assert_int_equal(0, sem_init(&is_settled, 0, 0));
    begin(SETTLE_MS);
    for (size_t i = 0; i < 4; i++) {
        publish(names[i], (struct group){.desired = 1, .requested = 1});
    }
    for (size_t i = 0; i < 3; i++) {
        hold(&clients[i], names[i]);
    }
    settle_and_turn("c", 1); /* the last: the next one comes behind b */
    hold(&clients[3], "d");
    settle_and_turn("a", 2); /* the first */
    settle_and_turn("d", 3);
    settle_and_turn("b", 4); /* the only one */
    publish("a", (struct group){.desired = 1, .requested = 1});
    for (size_t i = 0; i < 4; i++) {
        (void)pthread_join(clients[i].thread, NULL);
        assert_non_null(strstr(clients[i].answer, "HTTP/1.1 200"));
    }
    hold(&clients[0], "a");
    settle_and_turn("a", 5);
    (void)pthread_join(clients[0].thread, NULL);
    finish();
    (void)sem_destroy(&is_settled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_waits_for_the_ids),
        cmocka_unit_test(test_an_answer_waits_for_launches_that_are_not_planned_yet),
        cmocka_unit_test(test_an_answer_waits_for_the_end_of_the_instance_it_names),
        cmocka_unit_test(test_an_answer_waits_for_the_end_of_its_group),
        cmocka_unit_test(test_no_answer_waits_longer_than_it_may),
        cmocka_unit_test(test_what_settles_nothing_is_answered_at_once),
        cmocka_unit_test(test_held_answers_go_out_when_the_door_closes),
        cmocka_unit_test(test_answers_leave_the_list_at_any_place),
    };
    return cmocka_run_group_tests_name("held_answers", tests, NULL, NULL);
}
