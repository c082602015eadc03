/* Orders that ask EC2 first: what is asked, what is refused, and in whose order they
 * come. */
#include "controller/ask_first.h"

#include <stdio.h>

#include "lib/check.h"

#define SENT_MAX  128
#define TAKEN_MAX 64

struct fixture {
    struct asg_look_up *look_up;
    struct asg_first *first;
    bool has_worker;
    enum asg_template_origin origin;
    struct {
        uint64_t question_no;
        enum asg_question_kind kind;
        size_t id_count;
        char what[64];
    } sent[SENT_MAX];
    size_t sent_count;
    struct {
        uint32_t peer;
        uint64_t request_no;
        uint64_t version;
        char template_id[32];
        char refused[600];
        char note[600];
    } taken[TAKEN_MAX];
    size_t taken_count;
    bool puts_again; /* in `take` */
};

static bool choose(void *context, const uint32_t *tried, size_t tried_count,
                   uint32_t *ret_peer)
{
    (void)tried;
    const struct fixture *f = context;
    *ret_peer = 1;
    return f->has_worker && tried_count == 0;
}

static bool may_come(void *context)
{
    (void)context;
    return false;
}

static bool may_call(void *context, enum asg_question_kind kind, int64_t *ret_wait_ms)
{
    (void)context;
    (void)kind;
    *ret_wait_ms = 0;
    return true;
}

static enum asg_status send_ask(void *context, uint32_t peer, enum asg_message_type type,
                                const void *object)
{
    (void)peer;
    (void)type;
    struct fixture *f = context;
    const struct asg_ask *ask = object;
    const struct asg_question *question = ask->question;
    assert_true(f->sent_count < SENT_MAX);
    f->sent[f->sent_count].question_no = ask->question_no;
    f->sent[f->sent_count].kind = question->kind;
    f->sent[f->sent_count].id_count = question->ids.count;
    (void)snprintf(f->sent[f->sent_count].what, sizeof f->sent[0].what, "%s",
                   question->ids.count > 0 ? question->ids.items[0]
                                           : question->template_name);
    f->sent_count++;
    return ASG_OK;
}

static bool can_ask(void *context)
{
    return ((const struct fixture *)context)->has_worker;
}

static enum asg_template_origin origin_of(void *context, const char *template_name)
{
    (void)template_name;
    return ((const struct fixture *)context)->origin;
}

static void put_update(struct fixture *f, uint32_t peer, uint64_t request_no);

static void take(void *context, const struct asg_first_order *order)
{
    struct fixture *f = context;
    assert_true(f->taken_count < TAKEN_MAX);
    const struct asg_command *command = order->request->command;
    size_t i = f->taken_count++;
    f->taken[i].peer = order->peer;
    f->taken[i].request_no = order->request->request_no;
    bool is_apply = command->kind == ASG_COMMAND_APPLY;
    f->taken[i].version =
        is_apply ? command->apply->groups[0].template_version : command->template_version;
    const char *id =
        is_apply ? command->apply->groups[0].template_id : command->template_id;
    (void)snprintf(f->taken[i].template_id, sizeof f->taken[i].template_id, "%s",
                   id != NULL ? id : "");
    (void)snprintf(f->taken[i].refused, sizeof f->taken[i].refused, "%s",
                   order->refused != NULL ? order->refused : "");
    (void)snprintf(f->taken[i].note, sizeof f->taken[i].note, "%s",
                   order->note != NULL ? order->note : "");
    if (!f->puts_again) return;
    f->puts_again = false;
    put_update(f, order->peer, 99);
}

static void begin(struct fixture *f, size_t questions_max)
{
    *f = (struct fixture){.has_worker = true};
    const struct asg_look_up_options look_up = {.deadline_ms = 3000,
                                                .questions_max = 1000,
                                                .ports = {.choose = choose,
                                                          .may_come = may_come,
                                                          .may_call = may_call,
                                                          .send = send_ask,
                                                          .context = f}};
    asg_look_up_new(&look_up, &f->look_up);
    const struct asg_first_options options = {
        .orders_max = 8,
        .peer_max = 4,
        .key_max = 7,
        .large_bytes = 1000,
        .key_large_max = 2,
        .bytes_max = 10000,
        .questions_max = questions_max,
        .look_up = f->look_up,
        .ports = {.can_ask = can_ask, .origin = origin_of, .take = take, .context = f}};
    asg_first_new(&options, &f->first);
}

static void end(struct fixture *f)
{
    asg_look_up_destroy(&f->look_up);
    asg_first_destroy(&f->first);
}

static void pump(struct fixture *f, int64_t mono_ms)
{
    (void)asg_first_pump(f->first);
    (void)asg_look_up_pump(f->look_up, mono_ms);
    (void)asg_first_pump(f->first);
}

static enum asg_status put(struct fixture *f, uint32_t peer, uint64_t request_no,
                           const struct asg_command *command)
{
    const struct asg_request request = {
        .request_no = request_no, .command = command, .group = "", .name = ""};
    assert_true(asg_first_concerns(f->first, peer, &request, 100));
    return asg_first_put(f->first, peer, peer == 7 ? "ann" : "bob", &request, 100);
}

static enum asg_status put_create(struct fixture *f, uint32_t peer, uint64_t request_no,
                                  const char *template_name)
{
    const struct asg_group_config config = {.name = "shop",
                                            .template_name = template_name};
    const struct asg_command command = {
        .kind = ASG_COMMAND_GROUP_CREATE, .group = "shop", .group_config = &config};
    return put(f, peer, request_no, &command);
}

/* One that names nothing of EC2. */
static void put_update(struct fixture *f, uint32_t peer, uint64_t request_no)
{
    const struct asg_group_config config = {.name = "shop", .max = 3};
    const struct asg_command command = {.kind = ASG_COMMAND_GROUP_UPDATE,
                                        .group = "shop",
                                        .group_config = &config,
                                        .group_fields = UINT64_C(1) << ASG_GROUP_MAX};
    assert_status(ASG_OK, put(f, peer, request_no, &command));
}

static void tell(struct fixture *f, size_t sent, const struct asg_told *told)
{
    const struct asg_told_message message = {.question_no = f->sent[sent].question_no,
                                             .told = told};
    assert_true(asg_look_up_take(f->look_up, 1, &message, 10));
    (void)asg_first_pump(f->first);
}

static void tell_found(struct fixture *f, size_t sent, uint64_t version)
{
    const struct asg_told_template template = {
        .template_id = "lt-1", .template_name = f->sent[sent].what, .version = version};
    tell(f, sent, &(struct asg_told){.outcome = ASG_TOLD_FOUND, .template = &template});
}

static void tell_refused(struct fixture *f, size_t sent, const char *code)
{
    tell(f, sent,
         &(struct asg_told){.outcome = ASG_TOLD_REFUSED, .code = code, .message = "no"});
}

static void test_what_is_found_goes_with_the_order(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10);
    assert_status(ASG_OK, put_create(&f, 7, 1, "web"));
    pump(&f, 0);
    assert_int_equal(1, f.sent_count);
    assert_int_equal(0, f.taken_count);
    tell_found(&f, 0, 5);
    assert_int_equal(1, f.taken_count);
    assert_int_equal(5, f.taken[0].version);
    assert_string_equal("lt-1", f.taken[0].template_id);
    assert_string_equal("", f.taken[0].refused);
    assert_string_equal("", f.taken[0].note);
    assert_int_equal(0, asg_first_count(f.first));
    end(&f);
}

static void test_what_ec2_does_not_have_is_refused_and_a_lacking_right_is_not(
    void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10);
    assert_status(ASG_OK, put_create(&f, 7, 1, "nosuch"));
    assert_status(ASG_OK, put_create(&f, 8, 1, "secret"));
    pump(&f, 0);
    assert_int_equal(2, f.sent_count);
    size_t nosuch = strcmp(f.sent[0].what, "nosuch") == 0 ? 0 : 1;
    tell_refused(&f, nosuch, "InvalidLaunchTemplateName.NotFoundException");
    tell_refused(&f, 1 - nosuch, "UnauthorizedOperation");
    assert_int_equal(2, f.taken_count);
    assert_non_null(strstr(f.taken[0].refused, "launch template nosuch"));
    assert_string_equal("", f.taken[1].refused);
    assert_non_null(strstr(f.taken[1].note, "launch template secret may not exist"));
    end(&f);
}

static void test_orders_of_one_peer_keep_their_order(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10);
    assert_status(ASG_OK, put_create(&f, 7, 1, "web"));
    put_update(&f, 7, 2);
    assert_status(ASG_OK, put_create(&f, 7, 3, "other"));
    assert_status(ASG_OK, put_create(&f, 8, 4, "second"));
    pump(&f, 0);
    assert_int_equal(2, f.sent_count); /* "other" when its turn has come */
    size_t second = strcmp(f.sent[0].what, "second") == 0 ? 0 : 1;
    tell_found(&f, second, 1); /* another peer's waits for nobody */
    assert_int_equal(1, f.taken_count);
    assert_int_equal(4, f.taken[0].request_no);
    tell_found(&f, 1 - second, 1);
    assert_int_equal(3, f.taken_count);
    assert_int_equal(1, f.taken[1].request_no);
    assert_int_equal(2, f.taken[2].request_no);
    pump(&f, 20);
    assert_int_equal(3, f.sent_count);
    tell_found(&f, 2, 1);
    assert_int_equal(4, f.taken_count);
    assert_int_equal(3, f.taken[3].request_no);
    end(&f);
}

static void test_a_halt_waits_behind_nothing(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10);
    assert_status(ASG_OK, put_create(&f, 7, 1, "web"));
    const struct asg_command halt = {.kind = ASG_COMMAND_HALT, .group = ""};
    struct asg_request request = {.command = &halt, .group = "", .name = ""};
    assert_false(asg_first_concerns(f.first, 7, &request, 100));
    const struct asg_command unhalt = {.kind = ASG_COMMAND_UNHALT, .group = ""};
    request.command = &unhalt;
    assert_true(asg_first_concerns(f.first, 7, &request, 100));
    assert_false(asg_first_concerns(f.first, 8, &request, 100));
    end(&f);
}

static void test_without_a_worker_nothing_is_asked(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10);
    f.has_worker = false;
    assert_status(ASG_OK, put_create(&f, 7, 1, "web"));
    (void)asg_first_pump(f.first);
    assert_int_equal(1, f.taken_count);
    assert_string_equal(
        "EC2 could not be asked (no worker is connected): launch template "
        "web may not exist",
        f.taken[0].note);
    assert_int_equal(0, f.taken[0].version);
    /* One that is asked for and of which nobody says anything. */
    f.has_worker = true;
    assert_status(ASG_OK, put_create(&f, 7, 2, "web"));
    pump(&f, 0);
    assert_int_equal(1, f.taken_count);
    pump(&f, 3001);
    assert_int_equal(2, f.taken_count);
    assert_non_null(strstr(f.taken[1].note, "no answer came in time"));
    end(&f);
}

static void test_templates_of_our_own_are_not_refused(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10);
    f.origin = ASG_TEMPLATE_BEING_CREATED;
    assert_status(ASG_OK, put_create(&f, 7, 1, "web"));
    pump(&f, 0);
    assert_int_equal(0, f.sent_count);
    assert_int_equal(1, f.taken_count);
    assert_string_equal("", f.taken[0].note);
    f.origin = ASG_TEMPLATE_CREATED;
    assert_status(ASG_OK, put_create(&f, 7, 2, "web"));
    pump(&f, 0);
    tell_refused(&f, 0, "InvalidLaunchTemplateName.NotFoundException");
    assert_int_equal(2, f.taken_count);
    assert_string_equal("", f.taken[1].refused);
    assert_non_null(strstr(f.taken[1].note, "which openasg created"));
    end(&f);
}

#define GROUPS 1000

static void put_apply(struct fixture *f, size_t templates)
{
    struct asg_arena arena = {0};
    struct asg_apply_group *groups = asg_arena_take(&arena, GROUPS * sizeof *groups);
    for (size_t i = 0; i < GROUPS; i++) {
        struct asg_group_config *config = asg_arena_take(&arena, sizeof *config);
        struct asg_subnet *subnet = asg_arena_take(&arena, sizeof *subnet);
        *subnet = (struct asg_subnet){
            .subnet_id = asg_arena_format(&arena, "subnet-%zu", i % 300)};
        config->name = asg_arena_format(&arena, "g%zu", i);
        config->template_name = asg_arena_format(&arena, "t%zu", i % templates);
        config->subnets = subnet;
        config->subnet_count = 1;
        groups[i] = (struct asg_apply_group){
            .name = config->name, .is_new = true, .config = config};
    }
    const struct asg_apply apply = {.groups = groups, .group_count = GROUPS};
    const struct asg_command command = {
        .kind = ASG_COMMAND_APPLY, .group = "", .apply = &apply};
    assert_status(ASG_OK, put(f, 7, 1, &command));
    asg_arena_clear(&arena);
}

static void test_a_thousand_groups_ask_once_for_each(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10);
    put_apply(&f, 3);
    pump(&f, 0);
    assert_int_equal(3 + 2, f.sent_count); /* 300 subnets: 200 and 100 */
    for (size_t i = 0; i < 5; i++) {
        if (f.sent[i].kind == ASG_QUESTION_TEMPLATE) {
            tell_found(&f, i, 4);
        } else {
            tell_refused(&f, i, "UnauthorizedOperation");
        }
    }
    assert_int_equal(1, f.taken_count);
    assert_int_equal(4, f.taken[0].version);
    assert_non_null(strstr(f.taken[0].note, "200 subnets, 100 subnets may not exist"));
    end(&f);
}

static void test_one_order_asks_for_so_much_and_no_more(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 5);
    put_apply(&f, 20);
    pump(&f, 0);
    assert_int_equal(5, f.sent_count);
    end(&f);
}

static void test_those_that_wait_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10);
    for (uint64_t i = 0; i < 4; i++) {
        assert_status(ASG_OK, put_create(&f, 7, i, "web"));
    }
    assert_status(ASG_ERR_BUSY, put_create(&f, 7, 9, "web"));
    for (uint64_t i = 0; i < 4; i++) {
        assert_status(ASG_OK, put_create(&f, 8, i, "web"));
    }
    assert_status(ASG_ERR_BUSY, put_create(&f, 9, 9, "web"));
    f.has_worker = false;
    f.puts_again = true; /* whoever is taken may bring another */
    (void)asg_first_pump(f.first);
    assert_int_equal(9, f.taken_count);
    assert_int_equal(0, asg_first_count(f.first));
    end(&f);
}

static enum asg_status put_heavy(struct fixture *f, uint32_t peer, const char *actor,
                                 uint64_t request_no, enum asg_query query, size_t bytes)
{
    const struct asg_command unhalt = {.kind = ASG_COMMAND_UNHALT, .group = ""};
    const struct asg_request request = {.request_no = request_no,
                                        .query = query,
                                        .command = &unhalt,
                                        .group = "",
                                        .name = ""};
    assert_true(asg_first_concerns(f->first, peer, &request, bytes));
    return asg_first_put(f->first, peer, actor, &request, bytes);
}

/* Trials and large orders: one in a pump, and the small ones of others beside it. */
static void test_heavy_ones_have_turns(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10);
    f.has_worker = false;
    assert_status(ASG_OK, put_heavy(&f, 7, "ann", 1, ASG_QUERY_TRY, 100));
    assert_status(ASG_OK, put_heavy(&f, 8, "ann", 2, ASG_QUERY_NONE, 1001));
    assert_status(ASG_OK, put_heavy(&f, 9, "bob", 3, ASG_QUERY_TRY, 1001));
    put_update(&f, 8, 4); /* behind a heavy one of its peer */
    assert_status(ASG_OK, put_create(&f, 10, 5, "web"));
    assert_true(asg_first_pump(f.first));
    assert_int_equal(2, f.taken_count);
    assert_int_equal(1, f.taken[0].request_no);
    assert_int_equal(5, f.taken[1].request_no);
    assert_true(asg_first_pump(f.first));
    assert_int_equal(4, f.taken_count);
    assert_int_equal(2, f.taken[2].request_no);
    assert_int_equal(4, f.taken[3].request_no);
    assert_false(asg_first_pump(f.first));
    assert_int_equal(5, f.taken_count);
    assert_int_equal(3, f.taken[4].request_no);
    end(&f);
}

static void test_a_key_has_few_large_ones_and_not_all_places(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, 10);
    assert_status(ASG_OK, put_heavy(&f, 7, "ann", 1, ASG_QUERY_TRY, 1001));
    assert_status(ASG_OK, put_heavy(&f, 8, "ann", 2, ASG_QUERY_NONE, 1001));
    assert_true(asg_first_is_full_of(f.first, "ann", 1001));
    assert_false(asg_first_is_full_of(f.first, "ann", 1000));
    assert_status(ASG_ERR_LIMIT, put_heavy(&f, 9, "ann", 3, ASG_QUERY_TRY, 1001));
    assert_status(ASG_OK, put_heavy(&f, 9, "ann", 3, ASG_QUERY_TRY, 1000));
    assert_status(ASG_OK, put_heavy(&f, 10, "bob", 4, ASG_QUERY_TRY, 1001));
    (void)asg_first_pump(f.first);
    assert_status(ASG_OK, put_heavy(&f, 9, "ann", 5, ASG_QUERY_TRY, 1001));
    end(&f);
    begin(&f, 10);
    for (uint64_t i = 0; i < 7; i++) {
        assert_status(ASG_OK, put_heavy(&f, (uint32_t)i, "ann", i, ASG_QUERY_TRY, 100));
    }
    assert_status(ASG_ERR_LIMIT, put_heavy(&f, 8, "ann", 8, ASG_QUERY_TRY, 100));
    assert_status(ASG_OK, put_heavy(&f, 8, "bob", 8, ASG_QUERY_TRY, 100));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_found_goes_with_the_order),
        cmocka_unit_test(
            test_what_ec2_does_not_have_is_refused_and_a_lacking_right_is_not),
        cmocka_unit_test(test_orders_of_one_peer_keep_their_order),
        cmocka_unit_test(test_a_halt_waits_behind_nothing),
        cmocka_unit_test(test_without_a_worker_nothing_is_asked),
        cmocka_unit_test(test_templates_of_our_own_are_not_refused),
        cmocka_unit_test(test_a_thousand_groups_ask_once_for_each),
        cmocka_unit_test(test_one_order_asks_for_so_much_and_no_more),
        cmocka_unit_test(test_those_that_wait_are_bounded),
        cmocka_unit_test(test_heavy_ones_have_turns),
        cmocka_unit_test(test_a_key_has_few_large_ones_and_not_all_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
