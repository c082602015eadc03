/* A call is ended once: at once, when its order is settled, or as a stream. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "api/call.h"
#include "lib/http_get.h"
#include "query/shape.h"

static const struct asg_query_shape nothing = {.members = NULL, .count = 0};

/* A controller that settles what it is told to, from a thread of its own. */
static struct {
    enum { SAYS_YES, SAYS_NO, SAYS_NOTHING, IS_FULL } mood;
    char actor[32];
    char group[32];
    pthread_t thread;
    bool has_thread;
    asg_api_settled *settled;
    void *call;
} loop;

static void *settle(void *context)
{
    (void)context;
    const struct asg_effects effects = {
        .reply = {.is_set = true,
                  .is_ok = loop.mood == SAYS_YES,
                  .code = "AlreadyExists",
                  .message = "there is <one> & no more"},
        .decision_count = 7,
    };
    loop.settled(loop.call, loop.mood == SAYS_NOTHING ? NULL : &effects);
    return NULL;
}

static enum asg_status take_order(void *context, const struct asg_command *command,
                                  asg_api_settled *settled, void *call)
{
    (void)context;
    if (loop.mood == IS_FULL) return ASG_ERR_LIMIT;
    (void)snprintf(loop.actor, sizeof loop.actor, "%s", command->actor);
    (void)snprintf(loop.group, sizeof loop.group, "%s", command->group);
    loop.settled = settled;
    loop.call = call;
    loop.has_thread = pthread_create(&loop.thread, NULL, settle, NULL) == 0;
    return loop.has_thread ? ASG_OK : ASG_ERR_LIMIT;
}

/* EC2 as its worker tells it, from the same thread. */
static struct {
    struct asg_told told;
    enum asg_status answer;
    char subnet[32];
    asg_told_fn *fn;
    void *call;
} ec2;

static void *tell(void *context)
{
    (void)context;
    ec2.fn(ec2.call, &ec2.told);
    return NULL;
}

static enum asg_status look_up(void *context, const char *asker,
                               const struct asg_question *question, asg_told_fn *told,
                               void *call)
{
    (void)context;
    (void)asker;
    if (ec2.answer != ASG_OK) return ec2.answer;
    (void)snprintf(ec2.subnet, sizeof ec2.subnet, "%s", question->ids.items[0]);
    ec2.fn = told;
    ec2.call = call;
    loop.has_thread = pthread_create(&loop.thread, NULL, tell, NULL) == 0;
    return loop.has_thread ? ASG_OK : ASG_ERR_BUSY;
}

static bool leads(void *context)
{
    (void)context;
    return true;
}

static _Atomic int answered_with;

static void count(void *context, int http_status, int64_t duration_us)
{
    (void)context;
    assert_true(duration_us >= 0);
    answered_with = http_status;
}

/* ---- handlers of the test ---- */

static void say(struct asg_api_call *call)
{
    struct asg_xml_out *xml = asg_api_begin(call);
    asg_xml_out_text(xml, "Word", "a < b");
    asg_api_end(call);
}

static void give_up(struct asg_api_call *call)
{
    struct asg_xml_out *xml = asg_api_begin(call);
    asg_xml_out_begin(xml, "Half");
    asg_api_refuse(call, 500, "InternalFailure", "%s", "no more of it");
}

static void count_decisions(struct asg_api_call *call, const struct asg_effects *effects)
{
    struct asg_xml_out *xml = asg_api_begin(call);
    asg_xml_out_number(xml, "Decisions", (int64_t)effects->decision_count);
    asg_api_end(call);
}

static void order(struct asg_api_call *call)
{
    const struct asg_command command = {.kind = ASG_COMMAND_SET_DESIRED, .group = "web"};
    asg_api_order(call, &command, call->action->output != NULL ? count_decisions : NULL);
}

static void say_zone(struct asg_api_call *call, const struct asg_told *told)
{
    if (told->outcome == ASG_TOLD_REFUSED) {
        asg_api_invalid(call, "EC2 says %s", told->code);
        return;
    }
    struct asg_xml_out *xml = asg_api_begin(call);
    asg_xml_out_text(xml, "Zone", told->subnets[0].zone);
    asg_api_end(call);
}

static void ask_zone(struct asg_api_call *call)
{
    const char *ids[] = {"subnet-1"};
    const struct asg_question question = {.kind = ASG_QUESTION_SUBNETS,
                                          .ids = {.items = ids, .count = 1}};
    asg_api_look_up(call, &question, say_zone);
}

static int streams_ended;

static ssize_t read_three(void *context, char *buffer, size_t most)
{
    int *left = context;
    if (*left == 0) return 0;
    (*left)--;
    return snprintf(buffer, most, "<N>%d</N>", *left);
}

static void end_three(void *context)
{
    (void)context;
    streams_ended++;
}

static void stream(struct asg_api_call *call)
{
    static int left;
    left = 3;
    asg_api_stream(call, (struct asg_http_stream){
                             .read = read_three, .end = end_three, .context = &left});
}

/* ---- the server ---- */

struct fixture {
    struct asg_api *api;
    struct asg_http_server *server;
    struct asg_api_action action;
    char answer[4096];
};

static void handle(void *context, const struct asg_http_request *request,
                   struct asg_http_response *response)
{
    struct fixture *fixture = context;
    struct asg_api_call *call = asg_api_call_new(fixture->api, request);
    call->action = &fixture->action;
    call->actor = "anna";
    fixture->action.handler(call);
    asg_api_call_return(call, response);
}

static int begin(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    struct asg_error error = {""};
    const struct asg_api_options options = {
        .where = "127.0.0.1:0",
        .region = "eu-west-1",
        .account_id = "123456789012",
        .ports = {.clock = asg_clock_real(),
                  .is_leading = leads,
                  .order = take_order,
                  .look_up = look_up,
                  .answered = count},
    };
    const struct asg_http_options http = {
        .address = "127.0.0.1", .threads = 1, .handler = handle, .context = &fixture};
    assert_int_equal(asg_api_new(&options, &fixture.api, &error), ASG_OK);
    assert_int_equal(asg_http_server_new(&http, &fixture.server, &error), ASG_OK);
    *state = &fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;
    asg_http_server_destroy(&fixture->server);
    asg_api_destroy(&fixture->api);
    return 0;
}

static const char *ask(struct fixture *fixture, asg_api_handler *handler, bool has_output)
{
    fixture->action = (struct asg_api_action){.name = "DoIt",
                                              .input = &nothing,
                                              .output = has_output ? &nothing : NULL,
                                              .handler = handler};
    loop.has_thread = false;
    (void)http_exchange(asg_http_server_port(fixture->server),
                        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                        fixture->answer, sizeof fixture->answer);
    if (loop.has_thread) (void)pthread_join(loop.thread, NULL);
    return fixture->answer;
}

static void expect(const char *answer, const char *part)
{
    if (strstr(answer, part) != NULL) return;
    fail_msg("'%s' is not in: %s", part, answer);
}

static void test_an_answer_at_once(void **state)
{
    const char *answer = ask(*state, say, true);
    expect(answer, "HTTP/1.1 200");
    expect(answer, "Content-Type: text/xml");
    expect(answer, "<DoItResponse "
                   "xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\">"
                   "<DoItResult><Word>a &lt; b</Word></DoItResult>"
                   "<ResponseMetadata><RequestId>");
    /* The same id in the header. */
    const char *id = strstr(answer, "<RequestId>") + strlen("<RequestId>");
    char header[80];
    (void)snprintf(header, sizeof header, "x-amzn-RequestId: %.36s\r\n", id);
    expect(answer, header);
}

static void test_an_answer_that_was_begun_can_be_given_up(void **state)
{
    const char *answer = ask(*state, give_up, true);
    expect(answer, "HTTP/1.1 500");
    expect(answer, "<Type>Receiver</Type><Code>InternalFailure</Code>"
                   "<Message>no more of it</Message>");
    assert_null(strstr(answer, "Half"));
}

static void test_an_order_is_answered_when_it_is_settled(void **state)
{
    loop.mood = SAYS_YES;
    expect(ask(*state, order, true), "<DoItResult><Decisions>7</Decisions></DoItResult>");
    assert_string_equal(loop.actor, "anna");
    assert_string_equal(loop.group, "web");
    const char *answer = ask(*state, order, false);
    expect(answer, "HTTP/1.1 200");
    assert_null(strstr(answer, "DoItResult"));
    expect(answer, "<ResponseMetadata>");
}

static void test_what_core_refuses_is_the_answer(void **state)
{
    loop.mood = SAYS_NO;
    const char *answer = ask(*state, order, true);
    expect(answer, "HTTP/1.1 400");
    expect(answer, "<Type>Sender</Type><Code>AlreadyExists</Code>"
                   "<Message>there is &lt;one&gt; &amp; no more</Message>");
}

static void test_an_order_that_nobody_knows_of_is_said_to_be_so(void **state)
{
    loop.mood = SAYS_NOTHING;
    const char *answer = ask(*state, order, true);
    expect(answer, "HTTP/1.1 503");
    expect(answer, "<Code>ServiceUnavailable</Code>");
    assert_int_equal(answered_with, 503);
}

static void test_too_many_orders_are_throttled(void **state)
{
    loop.mood = IS_FULL;
    const char *answer = ask(*state, order, true);
    expect(answer, "HTTP/1.1 400");
    expect(answer, "<Code>Throttling</Code><Message>Rate exceeded");
}

static void test_what_ec2_says_reaches_the_handler(void **state)
{
    struct asg_told_subnet row = {.subnet_id = "subnet-1", .zone = "us-east-1a"};
    ec2.answer = ASG_OK;
    ec2.told =
        (struct asg_told){.outcome = ASG_TOLD_FOUND, .subnets = &row, .subnet_count = 1};
    expect(ask(*state, ask_zone, true), "<DoItResult><Zone>us-east-1a</Zone>");
    assert_string_equal(ec2.subnet, "subnet-1");
    ec2.told = (struct asg_told){.outcome = ASG_TOLD_REFUSED,
                                 .code = "InvalidSubnetID.NotFound"};
    expect(ask(*state, ask_zone, true), "EC2 says InvalidSubnetID.NotFound");
}

static void test_a_question_nobody_can_answer_is_503(void **state)
{
    ec2.answer = ASG_OK;
    ec2.told = (struct asg_told){.outcome = ASG_TOLD_UNAVAILABLE,
                                 .code = "OpenasgNoWorker",
                                 .message = "no worker is there"};
    const char *answer = ask(*state, ask_zone, true);
    expect(answer, "HTTP/1.1 503");
    expect(answer, "<Type>Receiver</Type><Code>ServiceUnavailable</Code>");
    expect(answer, "OpenasgNoWorker: no worker is there");
    ec2.answer = ASG_ERR_BUSY;
    expect(ask(*state, ask_zone, true), "<Code>Throttling</Code><Message>Rate exceeded");
    ec2.answer = ASG_ERR_LIMIT;
    expect(ask(*state, ask_zone, true),
           "Rate exceeded: too many calls of this access key");
    ec2.answer = ASG_ERR_INVALID;
    expect(ask(*state, ask_zone, true), "<Code>ValidationError</Code><Message>At most");
    ec2.answer = ASG_ERR_CLOSED;
    expect(ask(*state, ask_zone, true), "HTTP/1.1 503");
}

static void test_a_stream_stands_in_its_envelope(void **state)
{
    streams_ended = 0;
    const char *answer = ask(*state, stream, true);
    expect(answer, "HTTP/1.1 200");
    expect(answer, "<N>2</N>");
    expect(answer, "<N>1</N>");
    expect(answer, "<N>0</N>");
    expect(answer, "</DoItResult><ResponseMetadata>");
    assert_int_equal(streams_ended, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_answer_at_once, begin, end),
        cmocka_unit_test_setup_teardown(test_an_answer_that_was_begun_can_be_given_up,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_an_order_is_answered_when_it_is_settled,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_what_core_refuses_is_the_answer, begin, end),
        cmocka_unit_test_setup_teardown(
            test_an_order_that_nobody_knows_of_is_said_to_be_so, begin, end),
        cmocka_unit_test_setup_teardown(test_too_many_orders_are_throttled, begin, end),
        cmocka_unit_test_setup_teardown(test_what_ec2_says_reaches_the_handler, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_a_question_nobody_can_answer_is_503, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_a_stream_stands_in_its_envelope, begin, end),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
