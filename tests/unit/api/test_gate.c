/* The gate: who signed, what they may, and keys that change while it stands. */
#include "lib/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/gate.h"
#include "aws/sigv4.h"

#define REGION               "eu-west-1"
#define NOW_MS               INT64_C(1440938160000) /* 2015-08-30T12:36:00Z */
#define MINUTE               INT64_C(60000)
#define SECRET               "0123456789abcdef"
#define LINE(name, id, rest) "name=" name " key=" id " secret=" SECRET " " rest "\n"
#define ANN                  LINE("ann", "ASGAANN", "actions=* groups=*")
#define READER               LINE("reader", "ASGAREAD", "actions=Describe* groups=*")
#define TEAM                 LINE("team-a", "ASGATEAM", "actions=* groups=team-a-*,shared")
#define SESSION              LINE("session", "ASGASESSION", "token=the%20token actions=* groups=*")

static char folder[64];
static char path[80];
static struct asg_gate *gate;
static int64_t wall_ms;
static int64_t monotonic_us;

static int64_t read_wall(void *context)
{
    (void)context;
    return wall_ms;
}

static int64_t read_monotonic(void *context)
{
    (void)context;
    return monotonic_us;
}

static const struct asg_clock fake_clock = {.wall_ms = read_wall,
                                            .monotonic_us = read_monotonic};

/* As editors do: a new file in its place. */
static void write_keys(const char *text, mode_t mode)
{
    char fresh[96];
    (void)snprintf(fresh, sizeof fresh, "%s.fresh", path);
    int file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(strlen(text), write(file, text, strlen(text)));
    assert_int_equal(0, fchmod(file, mode));
    assert_int_equal(0, close(file));
    assert_int_equal(0, rename(fresh, path));
}

static enum asg_status new_gate(struct asg_error *error)
{
    const struct asg_gate_options options = {.keys_path = path,
                                             .region = REGION,
                                             .account_id = "123456789012",
                                             .clock = fake_clock};
    return asg_gate_new(&options, &gate, error);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/asg-gate-XXXXXX");
    if (mkdtemp(folder) == NULL) return 1;
    (void)snprintf(path, sizeof path, "%s/api-keys", folder);
    write_keys(ANN READER TEAM SESSION, 0600);
    wall_ms = NOW_MS;
    monotonic_us = 1000000;
    return new_gate(NULL) != ASG_OK;
}

static int tear_down(void **state)
{
    (void)state;
    asg_gate_destroy(&gate);
    (void)unlink(path);
    return rmdir(folder);
}

/* One request as it is sent: signed, and then perhaps spoilt. */
struct sent {
    const char *key_id;
    const char *secret;
    const char *token;
    const char *region;
    const char *service;
    int64_t at_ms;
    const char *body_instead; /* of the one that was signed */
    bool is_unsigned;
};

static const struct sent well = {.key_id = "ASGAANN",
                                 .secret = SECRET,
                                 .region = REGION,
                                 .service = "autoscaling",
                                 .at_ms = NOW_MS};

/* What the gate is asked. */
struct asked {
    bool is_known; /* asg_gate_knows() before there is a body */
    enum asg_status status;
    struct asg_api_key *key;
    struct asg_gate_refusal refusal;
};

static void send(const struct sent *sent, struct asked *ret)
{
    static const char body[] = "Action=DescribeAutoScalingGroups&Version=2011-01-01";
    struct asg_sigv4_header headers[8] = {{"Host", "127.0.0.1:7706"}};
    struct asg_http_header sending[8];
    const struct asg_sigv4_request request = {.method = "POST",
                                              .path = "/",
                                              .headers = headers,
                                              .header_count = 1,
                                              .body = body,
                                              .body_length = sizeof body - 1};
    struct asg_credentials credentials = {0};
    asg_credentials_set(&credentials, sent->key_id, sent->secret, sent->token, "test");
    struct asg_sigv4_signer *signer = NULL;
    asg_sigv4_signer_new(&(struct asg_sigv4_signer_options){.region = sent->region,
                                                            .service = sent->service},
                         &signer);
    struct asg_arena arena = {0};
    struct asg_sigv4_signed added;
    assert_status(ASG_OK, asg_sigv4_sign(signer, &credentials, &request, sent->at_ms,
                                         &arena, &added));
    size_t count = 0;
    sending[count++] = (struct asg_http_header){"Host", "127.0.0.1:7706"};
    for (size_t i = 0; i < added.count && !sent->is_unsigned; i++) {
        sending[count++] =
            (struct asg_http_header){added.headers[i].name, added.headers[i].value};
    }
    const char *text = sent->body_instead != NULL ? sent->body_instead : body;
    struct asg_http_request http = {.method = "POST",
                                    .target = "/",
                                    .headers = sending,
                                    .header_count = count,
                                    .client = "127.0.0.1"};
    ret->is_known = asg_gate_knows(gate, &http);
    http.body = text;
    http.body_length = strlen(text);
    ret->status = asg_gate_check(gate, &http, &ret->key, &ret->refusal);
    asg_sigv4_signer_destroy(&signer);
    asg_credentials_clear(&credentials);
    asg_arena_clear(&arena);
}

static enum asg_status ask(const struct sent *sent, struct asg_api_key **ret,
                           struct asg_gate_refusal *refusal)
{
    struct asked asked = {.key = NULL};
    send(sent, &asked);
    *ret = asked.key;
    *refusal = asked.refusal;
    return asked.status;
}

static bool is_known(const struct sent *sent)
{
    struct asked asked = {.key = NULL};
    send(sent, &asked);
    asg_api_key_release(&asked.key);
    return asked.is_known;
}

static struct asg_api_key *accepted(const struct sent *sent, const char *name)
{
    struct asg_api_key *key = NULL;
    struct asg_gate_refusal refusal = {.http_status = 0};
    if (ask(sent, &key, &refusal) != ASG_OK) {
        fail_msg("%s: %s", refusal.code, refusal.message);
    }
    assert_string_equal(name, asg_api_key_of(key)->name);
    return key;
}

static void passes(const struct sent *sent, const char *name)
{
    struct asg_api_key *key = accepted(sent, name);
    asg_api_key_release(&key);
    assert_null(key);
}

static void refused(const struct sent *sent, int http_status, const char *code)
{
    struct asg_api_key *key = NULL;
    struct asg_gate_refusal refusal = {.http_status = 0};
    assert_status(ASG_ERR_DENIED, ask(sent, &key, &refusal));
    assert_null(key);
    assert_string_equal(code, refusal.code);
    assert_int_equal(http_status, refusal.http_status);
    assert_true(strlen(refusal.message) > 0);
    assert_null(strstr(refusal.message, SECRET));
}

static void test_who_signs_well_passes(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) { /* the second with the derived key of the first */
        passes(&well, "ann");
    }
    struct sent reader = well;
    reader.key_id = "ASGAREAD";
    passes(&reader, "reader");
    /* Over midnight and back: a key for each day. */
    for (int64_t day = 0; day < 4; day++) {
        struct sent later = well;
        later.at_ms = NOW_MS + day % 2 * 24 * 60 * MINUTE;
        wall_ms = later.at_ms;
        passes(&later, "ann");
    }
}

static void test_codes_are_those_of_aws(void **state)
{
    (void)state;
    struct sent sent = well;
    sent.is_unsigned = true;
    refused(&sent, 403, "MissingAuthenticationToken");
    sent = well;
    sent.key_id = "ASGANOBODY";
    refused(&sent, 403, "InvalidClientTokenId");
    sent = well;
    sent.secret = "another secret 0";
    refused(&sent, 403, "SignatureDoesNotMatch");
    sent = well;
    sent.body_instead = "Action=DeleteAutoScalingGroup&Version=2011-01-01";
    refused(&sent, 403, "SignatureDoesNotMatch");
    sent = well;
    sent.region = "us-east-1";
    refused(&sent, 403, "SignatureDoesNotMatch");
    sent = well;
    sent.service = "ec2";
    refused(&sent, 403, "SignatureDoesNotMatch");
}

static void test_a_clock_may_be_a_quarter_of_an_hour_off(void **state)
{
    (void)state;
    struct sent sent = well;
    for (int64_t sign = -1; sign <= 1; sign += 2) {
        sent.at_ms = NOW_MS + sign * 15 * MINUTE;
        passes(&sent, "ann");
        sent.at_ms = NOW_MS + sign * (15 * MINUTE + 1000);
        refused(&sent, 400, "RequestExpired");
    }
}

static void test_a_session_token_belongs_to_its_key(void **state)
{
    (void)state;
    struct sent sent = well;
    sent.token = "of nobody";
    refused(&sent, 403, "InvalidClientTokenId");
    sent.key_id = "ASGASESSION";
    refused(&sent, 403, "InvalidClientTokenId");
    sent.token = NULL;
    refused(&sent, 403, "InvalidClientTokenId");
    sent.token = "the token";
    passes(&sent, "session");
}

static void test_policies_name_actions_and_groups(void **state)
{
    (void)state;
    struct sent sent = well;
    struct asg_api_key *ann = accepted(&sent, "ann");
    sent.key_id = "ASGAREAD";
    struct asg_api_key *reader = accepted(&sent, "reader");
    sent.key_id = "ASGATEAM";
    struct asg_api_key *team = accepted(&sent, "team-a");
    assert_true(asg_gate_may(ann, "DeleteAutoScalingGroup", "any"));
    assert_true(asg_gate_may(reader, "DescribePolicies", NULL));
    assert_true(asg_gate_may(reader, "DescribePolicies", "any"));
    assert_false(asg_gate_may(reader, "SetDesiredCapacity", NULL));
    assert_false(asg_gate_may(reader, "SetDesiredCapacity", "any"));
    assert_true(asg_gate_may(team, "DescribeAutoScalingGroups", NULL));
    assert_true(asg_gate_may(team, "SetDesiredCapacity", "team-a-web"));
    assert_true(asg_gate_may(team, "SetDesiredCapacity", "shared"));
    assert_false(asg_gate_may(team, "SetDesiredCapacity", "team-b-web"));

    struct asg_gate_refusal refusal;
    asg_gate_deny(gate, reader, "SetDesiredCapacity", "web", &refusal);
    assert_int_equal(403, refusal.http_status);
    assert_string_equal("AccessDenied", refusal.code);
    assert_string_equal(
        "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: "
        "autoscaling:SetDesiredCapacity on resource: arn:aws:autoscaling:eu-west-1:"
        "123456789012:autoScalingGroup:*:autoScalingGroupName/web because no "
        "identity-based policy allows the autoscaling:SetDesiredCapacity action",
        refusal.message);
    asg_gate_deny(gate, reader, "DeletePolicy", NULL, &refusal);
    assert_non_null(strstr(refusal.message, "autoscaling:DeletePolicy on resource: * "));
    asg_gate_deny(gate, reader, "DeleteLaunchConfiguration", "zz", &refusal);
    assert_non_null(strstr(refusal.message,
                           " on resource: arn:aws:autoscaling:eu-west-1:123456789012:"
                           "launchConfiguration:*:launchConfigurationName/zz because"));
    asg_api_key_release(&ann);
    asg_api_key_release(&reader);
    asg_api_key_release(&team);
}

static void test_a_new_key_is_good_at_once(void **state)
{
    (void)state;
    struct sent sent = well;
    sent.key_id = "ASGANEW";
    refused(&sent, 403, "InvalidClientTokenId");
    write_keys(ANN LINE("new", "ASGANEW", "actions=* groups=*"), 0600);
    passes(&sent, "new"); /* no time has passed */
    sent.secret = "a changed secret";
    refused(&sent, 403, "SignatureDoesNotMatch");
    write_keys("name=new key=ASGANEW secret=a%20changed%20secret actions=* groups=*\n",
               0600);
    passes(&sent, "new");
}

/* Bodies are kept of these only. */
static void test_a_key_is_known_before_the_body_is_there(void **state)
{
    (void)state;
    struct sent sent = well;
    assert_true(is_known(&sent));
    sent.secret = "another secret"; /* that is for the check */
    assert_true(is_known(&sent));
    sent.is_unsigned = true;
    assert_false(is_known(&sent));
    sent = well;
    sent.key_id = "ASGANEW";
    assert_false(is_known(&sent));
    write_keys(ANN LINE("new", "ASGANEW", "actions=* groups=*"), 0600);
    assert_true(is_known(&sent)); /* no time has passed */
}

static void test_a_presigned_url_names_its_key(void **state)
{
    (void)state;
#define URL(key)                                                                         \
    "/?Action=DescribeTags&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" key       \
    "%2F20150830%2Feu-west-1%2Fautoscaling%2Faws4_request&X-Amz-Date=20150830T123600Z"   \
    "&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature="                        \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    struct asg_http_request http = {.method = "POST", .target = URL("ASGAANN")};
    assert_true(asg_gate_knows(gate, &http));
    http.target = URL("ASGANOBODY");
    assert_false(asg_gate_knows(gate, &http));
    http.target = "/?X-Amz-Signature=00";
    assert_false(asg_gate_knows(gate, &http));
}

static void test_a_removed_key_ends_within_a_fifth_of_a_second(void **state)
{
    (void)state;
    struct asg_api_key *held = accepted(&well, "ann");
    write_keys(READER, 0600);
    monotonic_us += 200000;
    refused(&well, 403, "InvalidClientTokenId");
    assert_string_equal("ann", asg_api_key_of(held)->name); /* a call that is under way */
    assert_true(asg_gate_may(held, "DescribeTags", NULL));
    asg_api_key_release(&held);
}

static void test_a_bad_file_keeps_the_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        mode_t mode;
    } bad[] = {{"nonsense", 0600}, {READER, 0644}, {ANN ANN, 0600}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_keys(bad[i].text, bad[i].mode);
        monotonic_us += 300000;
        passes(&well, "ann");
        asg_gate_refresh(gate);
        passes(&well, "ann");
    }
    assert_int_equal(0, unlink(path));
    monotonic_us += 300000;
    passes(&well, "ann");
    write_keys(READER, 0600);
    asg_gate_refresh(gate);
    refused(&well, 403, "InvalidClientTokenId");
    struct sent reader = well;
    reader.key_id = "ASGAREAD";
    passes(&reader, "reader");
}

static void test_a_link_is_followed_and_the_file_of_another_is_not(void **state)
{
    (void)state;
    char other[96];
    (void)snprintf(other, sizeof other, "%s.other", path);
    write_keys(READER, 0600);
    assert_int_equal(0, rename(path, other));
    assert_int_equal(0, symlink(other, path));
    asg_gate_refresh(gate);
    refused(&well, 403, "InvalidClientTokenId");
    assert_int_equal(0, unlink(path));
    write_keys(ANN, 0600); /* behind the link: Kubernetes swaps what it leads to */
    assert_int_equal(0, rename(path, other));
    assert_int_equal(0, symlink(other, path));
    asg_gate_refresh(gate);
    passes(&well, "ann");
    assert_int_equal(0, unlink(path));
    write_keys(READER, 0600);
    if (geteuid() == 0) {
        assert_int_equal(0, chown(path, 4711, 4711));
        asg_gate_refresh(gate);
        passes(&well, "ann");
        assert_int_equal(0, chown(path, 0, 0));
    }
    asg_gate_refresh(gate);
    refused(&well, 403, "InvalidClientTokenId");
    (void)unlink(other);
}

static void test_a_file_cut_short_or_empty_keeps_the_keys(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "\n\n",
                                      "# no",
                                      "# ours\n",
                                      READER "name=ann",
                                      READER "# being written",
                                      "name=reader key=ASGAREAD secret=" SECRET
                                      " actions=Describe* groups=*"};
    struct sent reader = well;
    reader.key_id = "ASGAREAD";
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_keys(bad[i], 0600);
        monotonic_us += 300000;
        asg_gate_refresh(gate);
        passes(&well, "ann");
    }
    write_keys(READER, 0600); /* and is looked at again */
    asg_gate_refresh(gate);
    refused(&well, 403, "InvalidClientTokenId");
    passes(&reader, "reader");
    write_keys("# no keys\n", 0600);
    asg_gate_refresh(gate);
    refused(&reader, 403, "InvalidClientTokenId");
}

static void test_a_gate_begins_without_a_file_and_not_with_a_bad_one(void **state)
{
    (void)state;
    asg_gate_destroy(&gate);
    struct asg_error error = {""};
    write_keys(ANN, 0640);
    assert_status(ASG_ERR_DENIED, new_gate(&error));
    assert_non_null(strstr(error.text, path));
    write_keys("nonsense", 0600);
    assert_status(ASG_ERR_MALFORMED, new_gate(&error));
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "line 1"));
    assert_null(gate);
    assert_int_equal(0, unlink(path));
    assert_status(ASG_OK, new_gate(&error));
    refused(&well, 403, "InvalidClientTokenId");
    write_keys(ANN, 0600);
    passes(&well, "ann");
}

/* Checks and changes at the same time, for the thread sanitizer. */
static void *ask_many(void *context)
{
    for (int i = 0; i < 200; i++) {
        struct asg_api_key *key = NULL;
        struct asg_gate_refusal refusal;
        if (ask(&well, &key, &refusal) != ASG_OK) return context;
        asg_api_key_release(&key);
    }
    return NULL;
}

static void test_keys_change_while_requests_come(void **state)
{
    (void)state;
    pthread_t threads[3];
    int failed = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(0, pthread_create(&threads[i], NULL, ask_many, &failed));
    }
    for (int i = 0; i < 50; i++) {
        write_keys(i % 2 == 0 ? READER ANN : ANN TEAM, 0600);
        asg_gate_refresh(gate);
    }
    for (size_t i = 0; i < 3; i++) {
        void *result = NULL;
        assert_int_equal(0, pthread_join(threads[i], &result));
        assert_null(result);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_signs_well_passes),
        TEST(test_codes_are_those_of_aws),
        TEST(test_a_clock_may_be_a_quarter_of_an_hour_off),
        TEST(test_a_session_token_belongs_to_its_key),
        TEST(test_policies_name_actions_and_groups),
        TEST(test_a_new_key_is_good_at_once),
        TEST(test_a_key_is_known_before_the_body_is_there),
        TEST(test_a_presigned_url_names_its_key),
        TEST(test_a_removed_key_ends_within_a_fifth_of_a_second),
        TEST(test_a_bad_file_keeps_the_keys),
        TEST(test_a_link_is_followed_and_the_file_of_another_is_not),
        TEST(test_a_file_cut_short_or_empty_keeps_the_keys),
        TEST(test_a_gate_begins_without_a_file_and_not_with_a_bad_one),
        TEST(test_keys_change_while_requests_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
