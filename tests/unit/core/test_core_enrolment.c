/* test_core_enrolment - whose keys are bound to an instance, and who is told. */
#include "core/values/key_text.h"
#include "unit/core/core_world.h"

#define CURVE_1 "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define CURVE_2 "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define TLS_1   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TLS_2   "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

/* What the last enrolment told of the members. */
static struct {
    size_t count;
    enum asg_member_state state;
    char id[20];
    char curve_key[64];
    char tls_key[80];
} member;

static void note_member(const struct asg_effects *effects)
{
    member.count = effects->member_count;
    if (member.count == 0) return;
    const struct asg_member *one = &effects->members[0];
    member.state = one->state;
    (void)snprintf(member.id, sizeof member.id, "%s", one->instance_id);
    (void)snprintf(member.curve_key, sizeof member.curve_key, "%s", one->curve_key);
    (void)snprintf(member.tls_key, sizeof member.tls_key, "%s", one->tls_key);
}

static void take(struct asg_event event)
{
    w.code[0] = '\0';
    event.time_ms = w.now_ms;
    struct asg_effects effects = {0};
    assert_status(ASG_OK, asg_core_step(w.core, &event, &effects));
    assert_status(ASG_OK, asg_model_check_limits(&asg_effects_schema, &effects, NULL));
    struct asg_error wrong = {""};
    if (asg_core_check(w.core, &wrong) != ASG_OK) fail_msg("%s", wrong.text);
    note_member(&effects);
    for (size_t i = 0; i < effects.decision_count; i++) {
        size_t used = strlen(w.said);
        (void)snprintf(w.said + used, sizeof w.said - used, "%s\n",
                       effects.decisions[i].text);
    }
    assert_true(effects.reply.is_set);
    w.is_ok = effects.reply.is_ok;
    (void)snprintf(w.code, sizeof w.code, "%s", effects.reply.code);
    (void)snprintf(w.reply, sizeof w.reply, "%s", effects.reply.message);
    asg_effects_clear(&effects);
}

static uint64_t job_of(int number)
{
    char id[20];
    (void)snprintf(id, sizeof id, "i-%d", number);
    struct asg_belief belief = {0};
    return asg_core_find_instance(w.core, id, &belief) ? belief.job_id : 1;
}

/* That of its launch, from its own address. */
static struct asg_enrolment of(int number)
{
    static char id[20];
    static char address[24];
    (void)snprintf(id, sizeof id, "i-%d", number);
    (void)snprintf(address, sizeof address, "127.0.0.%d", number + 1);
    return (struct asg_enrolment){.instance_id = id,
                                  .curve_key = CURVE_1,
                                  .tls_key = TLS_1,
                                  .serial = "01ab",
                                  .proof = ASG_PROOF_TOKEN,
                                  .job_id = job_of(number),
                                  .attempt = 1,
                                  .address = address,
                                  .is_address_checked = true};
}

/* The edge is told the same before, and whether an event is needed. */
static void enrol(struct asg_enrolment enrolment)
{
    struct asg_arena arena = {0};
    struct asg_reply before = {0};
    bool matters = asg_core_weigh_enrolment(w.core, &enrolment, &arena, &before);
    size_t said = strlen(w.said);
    take((struct asg_event){.kind = ASG_EVENT_ENROLMENT, .enrolment = &enrolment});
    assert_int_equal(before.is_ok, w.is_ok);
    assert_string_equal(before.code, w.code);
    assert_string_equal(before.message, w.reply);
    assert_int_equal(matters, strlen(w.said) > said);
    assert_true(matters || member.count == 0);
    asg_arena_clear(&arena);
}

static void enrol_as(int number, const char *curve_key, const char *tls_key)
{
    struct asg_enrolment enrolment = of(number);
    enrolment.curve_key = curve_key;
    enrolment.tls_key = tls_key;
    enrol(enrolment);
}

static void expect_refused(const char *code, const char *words)
{
    assert_false(w.is_ok);
    assert_string_equal(code, w.code);
    assert_non_null(strstr(w.reply, words));
    assert_int_equal(0, member.count);
}

static void rebind(const char *id, const char *second)
{
    const char *ids[] = {id, second};
    const struct asg_command command = {.kind = ASG_COMMAND_INSTANCE_REBIND,
                                        .actor = "test",
                                        .group = "",
                                        .instance_ids = {ids, second != NULL ? 2 : 1}};
    take((struct asg_event){.kind = ASG_EVENT_COMMAND, .command = &command});
}

static void expect_watched(const char *id, const char *curve_key)
{
    struct asg_effects effects = {0};
    asg_core_watching(w.core, &effects.arena, &effects);
    const struct asg_member *found = NULL;
    for (size_t i = 0; i < effects.member_count; i++) {
        if (strcmp(effects.members[i].instance_id, id) == 0) found = &effects.members[i];
    }
    assert_non_null(found);
    assert_string_equal(curve_key, found->curve_key);
    asg_effects_clear(&effects);
}

static void test_the_keys_of_an_agent_are_bound_and_told(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    expect_watched("i-1", "");
    enrol(of(1));
    assert_true(w.is_ok);
    assert_int_equal(1, member.count);
    assert_string_equal("i-1", member.id);
    assert_string_equal(CURVE_1, member.curve_key);
    assert_string_equal(TLS_1, member.tls_key);
    assert_int_equal(ASG_MEMBER_COUNTS, member.state);
    assert_non_null(strstr(w.said,
                           "i-1 is enrolled from 127.0.0.2, proven by token: certificate "
                           "01ab"));
    expect_watched("i-1", CURVE_1);
    expect_watched("i-2", "");
    save_and_load();
    expect_watched("i-1", CURVE_1);
    enrol(of(1)); /* once more, for a certificate */
    assert_true(w.is_ok);
    assert_int_equal(0, member.count);
}

static void test_only_its_own_proof_and_address_enrol_an_instance(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    struct asg_enrolment other = of(7);
    enrol(other);
    expect_refused("NotFound", "no group has an instance with that id");
    other = of(1);
    other.job_id++;
    enrol(other);
    expect_refused("Denied", "for another launch than that of i-1");
    other = of(1);
    other.attempt = 2;
    enrol(other);
    expect_refused("Denied", "for another launch");
    other = of(1);
    other.incarnation = 77;
    enrol(other);
    expect_refused("Denied", "for another launch");
    other = of(1);
    other.address = "127.0.0.3"; /* a sister with the same token */
    enrol(other);
    expect_refused("Denied", "another address");
    other = of(1);
    other.curve_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf";
    enrol(other);
    expect_refused("ValidationError", "malformed");
    other = of(1);
    other.tls_key = "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef";
    enrol(other);
    expect_refused("ValidationError", "malformed");
    expect_watched("i-1", "");
    other = of(1); /* the line of an operator, or AWS's own word */
    other.job_id = 0;
    other.address = "192.0.2.1";
    other.is_address_checked = false;
    enrol(other);
    assert_true(w.is_ok);
    expect_watched("i-1", CURVE_1);
}

static void test_nothing_is_bound_before_ec2_says_the_address(void **state)
{
    (void)state;
    w.has_no_address = true;
    make_group(1, (struct asg_group_config){0});
    struct asg_enrolment thief = of(1);
    thief.address = "192.0.2.66";
    enrol(thief);
    expect_refused("TryAgain", "EC2 has not said");
    enrol(of(1));
    expect_refused("TryAgain", "EC2 has not said");
    expect_watched("i-1", "");
    struct asg_seen_instance seen = {.instance_id = "i-1",
                                     .state = ASG_EC2_RUNNING,
                                     .instance_type = "",
                                     .subnet_id = "",
                                     .zone = "us-east-1a",
                                     .private_ip = "127.0.0.2",
                                     .group = "web",
                                     .client_token = ""};
    const struct asg_observed observed = {.instances = &seen, .instance_count = 1};
    step((struct asg_event){.kind = ASG_EVENT_OBSERVED, .observed = &observed});
    enrol(thief);
    expect_refused("Denied", "another address");
    enrol(of(1));
    assert_true(w.is_ok);
}

static void test_other_keys_are_refused_with_one_alarm_until_it_is_rebound(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    enrol(of(1));
    enrol_as(1, CURVE_2, TLS_1);
    expect_refused("Denied", "i-1 is enrolled with other keys");
    expect_alarms(1, "web: an agent with other keys tried to enrol as i-1");
    assert_int_equal(1, alarms_of(ASG_ALARM_ENROLMENT));
    enrol_as(1, CURVE_1, TLS_2);
    expect_refused("Denied", "i-1 is enrolled with other keys");
    save_and_load();
    enrol_as(1, CURVE_2, TLS_2);
    expect_refused("Denied", "other keys");
    const char *alarm = strstr(w.said, "alarm enrolment: i-1 is enrolled");
    assert_non_null(alarm);
    assert_null(strstr(alarm + 1, "alarm enrolment")); /* said once */
    expect_watched("i-1", CURVE_1);

    rebind("i-1", NULL);
    assert_true(w.is_ok);
    assert_string_equal("unbound the keys of 1 instance", w.reply);
    assert_int_equal(0, alarms_of(ASG_ALARM_ENROLMENT));
    assert_non_null(strstr(w.said, "over: enrolment: i-1: its keys are forgotten"));
    assert_int_equal(1, member.count);
    assert_string_equal("", member.curve_key);
    assert_string_equal("", member.tls_key);
    expect_alarms(0, NULL);
    expect_watched("i-1", "");
    enrol_as(1, CURVE_2, TLS_2);
    assert_true(w.is_ok);
    expect_watched("i-1", CURVE_2);
}

static void test_a_key_belongs_to_one_instance(void **state)
{
    (void)state;
    make_group(3, (struct asg_group_config){0});
    enrol(of(1));
    enrol_as(2, CURVE_1, TLS_2);
    expect_refused("Denied", "bound to another instance");
    enrol_as(2, CURVE_2, TLS_1);
    expect_refused("Denied", "bound to another instance");
    save_and_load();
    enrol_as(2, CURVE_2, TLS_1);
    expect_refused("Denied", "bound to another instance");
    expect_alarms(0, NULL);
    enrol_as(2, CURVE_2, TLS_2);
    assert_true(w.is_ok);
    show(1, (struct asg_seen_instance){.state = ASG_EC2_TERMINATED});
    enrol_as(3, CURVE_1, TLS_1); /* free again: an image that was baked with keys */
    assert_true(w.is_ok);
}

static void test_rebind_says_when_nothing_was_bound(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    rebind("i-1", NULL);
    assert_true(w.is_ok);
    assert_non_null(strstr(w.reply, "no keys were bound to i-1"));
    assert_int_equal(0, member.count);
    enrol(of(1));
    rebind("i-1", "i-9");
    assert_false(w.is_ok);
    expect_watched("i-1", CURVE_1); /* all of them, or none */
    rebind("i-2", "i-1");
    assert_true(w.is_ok);
    assert_string_equal("unbound the keys of 1 instance; the other had none", w.reply);
    rebind("i-1", "i-1");
    assert_true(w.is_ok);
}

static void test_the_alarm_is_over_when_the_instance_is_gone(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    enrol(of(1));
    enrol_as(1, CURVE_2, TLS_2);
    expect_alarms(1, "i-1");
    show(1, (struct asg_seen_instance){.state = ASG_EC2_TERMINATED});
    assert_non_null(strstr(w.said, "over: enrolment: i-1 is gone"));
    expect_alarms(0, NULL);
    enrol(of(1));
    expect_refused("NotFound", "no group");
}

/* Its agent is asked to drain, and stays admitted until terminated by EC2. */
static void test_what_is_on_its_way_out_keeps_its_keys_and_may_still_enrol(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){.drain_ms = 30000});
    enrol(of(2));
    w.terminate_outcome = ASG_OUTCOME_TRANSIENT; /* EC2 does not end it yet */
    set_desired(0);
    expect_watched("i-2", CURVE_1);
    enrol_as(1, CURVE_2, TLS_2);
    assert_true(w.is_ok);
    assert_int_equal(ASG_MEMBER_WATCHED, member.state); /* while it drains */
    pass(31000);
    expect_watched("i-1", CURVE_2);
    expect_watched("i-2", CURVE_1);
    enrol_as(1, CURVE_2, TLS_2);
    assert_true(w.is_ok);
}

static void test_who_stands_by_may_enrol(void **state)
{
    (void)state;
    make_group(2, (struct asg_group_config){0});
    const char *id = "i-1";
    order((struct asg_command){.kind = ASG_COMMAND_ENTER_STANDBY,
                               .group = "web",
                               .decrement = true,
                               .instance_ids = {&id, 1}});
    assert_true(w.is_ok);
    enrol(of(1));
    assert_true(w.is_ok);
    assert_int_equal(ASG_MEMBER_WATCHED, member.state);
    expect_watched("i-1", CURVE_1);
}

static void test_keys_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "rq", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7x",
        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]y\"7", /* no character of Z85 */
        "#####>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"}; /* more than four bytes hold */
    uint8_t key[ASG_KEY_BYTES];
    char text[ASG_CURVE_KEY_CHARS + 1];
    assert_true(asg_key_read_curve(CURVE_1, key));
    asg_key_write_curve(key, text);
    assert_string_equal(CURVE_1, text);
    assert_int_equal(0x54, key[0]); /* zmq_curve(7) has it both ways */
    assert_int_equal(0xfc, key[1]);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(asg_key_read_curve(wrong[i], key));
        assert_false(asg_key_read_tls(wrong[i], key));
    }
    assert_false(asg_key_read_curve(NULL, key));
    assert_int_equal(0x54, key[0]); /* as it was */
    char digits[ASG_TLS_KEY_CHARS + 1];
    assert_true(asg_key_read_tls(TLS_2, key));
    asg_key_write_tls(key, digits);
    assert_string_equal(TLS_2, digits);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_the_keys_of_an_agent_are_bound_and_told),
        TEST(test_only_its_own_proof_and_address_enrol_an_instance),
        TEST(test_nothing_is_bound_before_ec2_says_the_address),
        TEST(test_other_keys_are_refused_with_one_alarm_until_it_is_rebound),
        TEST(test_a_key_belongs_to_one_instance),
        TEST(test_rebind_says_when_nothing_was_bound),
        TEST(test_the_alarm_is_over_when_the_instance_is_gone),
        TEST(test_what_is_on_its_way_out_keeps_its_keys_and_may_still_enrol),
        TEST(test_who_stands_by_may_enrol),
        TEST(test_keys_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
