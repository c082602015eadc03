/* Proofs by STS, as the controller checks them, against an STS over real HTTPS that
 * misbehaves on order (scripted_sts.py). */
#include "lib/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aws/caller_proof.h"
#include "controller/enrol_proof.h"
#include "controller/prove_sts.h"
#include "crypto/certificates.h"

#define ID      "i-0123456789abcdef0"
#define CURVE   "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define CURVE_2 "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define TLS     "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define TLS_2   "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

static struct {
    pid_t pid;
    int in; /* closing it ends the server */
    char folder[64];
    char ca_file[96];
    int good;
    int wrong_host;
} server;

static int start_server(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(server.folder, sizeof server.folder, "/tmp/asg-sts-XXXXXX");
    assert_non_null(mkdtemp(server.folder));
    (void)snprintf(server.ca_file, sizeof server.ca_file, "%s/ca.pem", server.folder);
    int in[2];
    int out[2];
    assert_int_equal(0, pipe2(in, O_CLOEXEC));
    assert_int_equal(0, pipe2(out, O_CLOEXEC));
    server.pid = fork();
    if (server.pid == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        (void)execlp("/usr/bin/python3", "python3",
                     ASG_SOURCE_DIR "/tests/integration/scripted_sts.py", server.folder,
                     (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    server.in = in[1];
    FILE *lines = fdopen(out[0], "r");
    assert_int_equal(
        2, fscanf(lines, "good %d wronghost %d", &server.good, &server.wrong_host));
    (void)fclose(lines);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    (void)close(server.in);
    (void)waitpid(server.pid, NULL, 0);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", server.folder);
    return system(command);
}

/* Requests that STS has seen. */
static long requests(void)
{
    char path[96];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/count", server.folder);
    assert_int_equal(0, stat(path, &info));
    return (long)info.st_size;
}

/* ---- a controller's checking ---- */

struct place {
    char folder[80];
    struct asg_authority *authority;
    struct asg_proof_rules rules;
    struct asg_proofs *proofs;
    struct asg_arena arena;
    struct asg_clock clock;
    struct asg_error error;
    const char *account;
    const char *role;
    int port;
};

static int64_t later_ms; /* how far the controller's clock is ahead */

static int64_t read_wall_ms(void *context)
{
    (void)context;
    struct asg_clock clock = asg_clock_real();
    return asg_clock_wall_ms(&clock) + later_ms;
}

static void resolve(struct place *place, int port, struct asg_endpoint *ret)
{
    char url[64];
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
    const struct asg_endpoint_options options = {.service = "sts",
                                                 .url = url,
                                                 .region = "us-east-1",
                                                 .fips = ASG_ENDPOINT_NO,
                                                 .dual_stack = ASG_ENDPOINT_NO};
    assert_status(ASG_OK, asg_endpoint_resolve(&options, ret, &place->error));
}

static void open_place(struct place *place, int port)
{
    *place = (struct place){.account = "123456789012", .role = "web", .port = port};
    later_ms = 0;
    (void)snprintf(place->folder, sizeof place->folder, "%s/controller", server.folder);
    (void)mkdir(place->folder, 0700);
    assert_status(ASG_OK, asg_authority_load_or_make(place->folder, &place->authority,
                                                     &place->error));
    place->clock = asg_clock_real();
    place->clock.wall_ms = read_wall_ms;
    place->rules.takes[ASG_PROOF_STS] = true;
    place->rules.accounts = &place->account;
    place->rules.account_count = 1;
    place->rules.roles = &place->role;
    place->rules.role_count = 1;
    place->rules.sts_ca = server.ca_file;
    place->rules.has_sts_endpoint = true;
    resolve(place, port, &place->rules.sts_endpoint);
    const struct asg_proofs_options options = {.rules = &place->rules,
                                               .authorities_pem =
                                                   asg_authority_pem(place->authority),
                                               .clock = place->clock};
    asg_proofs_new(&options, &place->proofs);
}

static void close_place(struct place *place)
{
    asg_proofs_destroy(&place->proofs);
    asg_authority_destroy(&place->authority);
    asg_arena_clear(&place->arena);
}

/* An agent's request whose token says what STS is to do. */
static struct asg_rpc_enroll make_enroll(struct place *place, const char *what,
                                         const char *authority)
{
    struct asg_endpoint endpoint;
    struct asg_caller_request request;
    struct asg_credentials credentials = {0};
    resolve(place, place->port, &endpoint);
    asg_credentials_set(&credentials, "ASIAIOSFODNN7EXAMPLE", "secret", what, "test");
    const struct asg_caller_audience audience = {authority, CURVE, TLS};
    struct asg_clock clock = asg_clock_real();
    assert_status(ASG_OK, asg_caller_sign(&endpoint, &credentials, &audience,
                                          asg_clock_wall_ms(&clock), &place->arena,
                                          &request, &place->error));
    asg_credentials_clear(&credentials);
    struct asg_rpc_enroll enroll = {
        .instance_id = ID,
        .curve_key = CURVE,
        .proof = ASG_RPC_PROOF_STS,
        .sts = {.url = request.url,
                .body = request.body,
                .header_count = request.header_count},
    };
    for (size_t i = 0; i < request.header_count; i++) {
        enroll.sts.headers[i] =
            (struct asg_rpc_header){request.headers[i].name, request.headers[i].value};
    }
    return enroll;
}

/* ---- what comes of it ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int answers;
    int unknown;
    enum asg_proof_verdict verdict;
    enum asg_proof proof;
    char why[ASG_ERROR_TEXT_MAX];
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void take(void *context, const struct asg_proof_answer *answer)
{
    (void)context;
    (void)pthread_mutex_lock(&seen.lock);
    seen.answers++;
    if (answer->verdict == ASG_PROOF_UNKNOWN) seen.unknown++;
    seen.verdict = answer->verdict;
    seen.proof = answer->proof;
    (void)snprintf(seen.why, sizeof seen.why, "%s", answer->why);
    (void)pthread_cond_broadcast(&seen.changed);
    (void)pthread_mutex_unlock(&seen.lock);
}

static void begin(void)
{
    seen.answers = 0;
    seen.unknown = 0;
    seen.why[0] = '\0';
}

static void wait_for_answers(int count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    (void)pthread_mutex_lock(&seen.lock);
    int code = 0;
    while (seen.answers < count && code == 0)
        code = pthread_cond_timedwait(&seen.changed, &seen.lock, &until);
    int answers = seen.answers;
    (void)pthread_mutex_unlock(&seen.lock);
    assert_int_equal(count, answers);
}

static void check(struct place *place, const struct asg_rpc_enroll *enroll,
                  const char *tls_key, enum asg_proof_verdict verdict, const char *words)
{
    begin();
    asg_proofs_check(place->proofs, enroll, tls_key, take, NULL);
    wait_for_answers(1);
    if (seen.verdict != verdict || strstr(seen.why, words) == NULL)
        fail_msg("verdict %d: %s", (int)seen.verdict, seen.why);
}

/* ---- tests ---- */

static void test_what_sts_says_is_compared(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum asg_proof_verdict verdict;
        const char *words;
    } cases[] = {
        {"good", ASG_PROOF_HOLDS, ""},
        {"other-session", ASG_PROOF_WRONG, "i-0123456789abcdef1 signed it"},
        {"other-account", ASG_PROOF_WRONG, "account 210987654321"},
        {"other-role", ASG_PROOF_WRONG, "role admin"},
        {"user", ASG_PROOF_WRONG, "not a role of an instance"},
        {"garbage", ASG_PROOF_WRONG, "does not answer as STS does"},
        {"html", ASG_PROOF_WRONG, "does not answer as STS does"},
        {"huge", ASG_PROOF_WRONG, "larger than 65536 bytes"},
        {"expired", ASG_PROOF_WRONG, "STS answers ExpiredToken: so it is"},
        {"forged", ASG_PROOF_WRONG, "SignatureDoesNotMatch"},
        {"throttled", ASG_PROOF_UNKNOWN, "STS throttles"},
        {"trouble", ASG_PROOF_UNKNOWN, "STS is in trouble (HTTP 503"},
        {"cut", ASG_PROOF_UNKNOWN, "could not be checked"},
        {"good", ASG_PROOF_HOLDS, ""},
    };
    struct place place;
    open_place(&place, server.good);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct asg_rpc_enroll enroll = make_enroll(
            &place, cases[i].what, asg_authority_fingerprint(place.authority));
        check(&place, &enroll, TLS, cases[i].verdict, cases[i].words);
        assert_int_equal(ASG_PROOF_STS, seen.proof);
    }
    close_place(&place);
}

static void test_nobody_is_followed(void **state)
{
    (void)state;
    struct place place;
    open_place(&place, server.good);
    struct asg_rpc_enroll enroll =
        make_enroll(&place, "redirect", asg_authority_fingerprint(place.authority));
    long before = requests();
    check(&place, &enroll, TLS, ASG_PROOF_WRONG, "redirects are not followed");
    assert_int_equal(before + 1, requests());
    close_place(&place);
}

/* Nothing of these is sent. */
static void test_a_request_for_somebody_else_never_leaves(void **state)
{
    (void)state;
    struct place place;
    open_place(&place, server.good);
    const char *authority = asg_authority_fingerprint(place.authority);
    long before = requests();

    struct asg_rpc_enroll enroll = make_enroll(&place, "good", TLS);
    check(&place, &enroll, TLS, ASG_PROOF_WRONG, "another cluster");

    /* A stolen request, with the thief's keys. */
    enroll = make_enroll(&place, "good", authority);
    check(&place, &enroll, TLS_2, ASG_PROOF_WRONG, "other keys");
    enroll.curve_key = CURVE_2;
    check(&place, &enroll, TLS, ASG_PROOF_WRONG, "other keys");

    enroll = make_enroll(&place, "good", authority);
    later_ms = 16 * 60000;
    check(&place, &enroll, TLS, ASG_PROOF_WRONG, "s ago by this controller's clock");
    later_ms = -16 * 60000;
    check(&place, &enroll, TLS, ASG_PROOF_WRONG, "in the future");
    later_ms = 0;

    static const char *const urls[] = {"http://169.254.169.254/latest/meta-data/",
                                       "https://127.0.0.1:1/", "file:///etc/passwd",
                                       "https://sts.us-east-1.amazonaws.com/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        enroll = make_enroll(&place, "good", authority);
        enroll.sts.url = urls[i];
        check(&place, &enroll, TLS, ASG_PROOF_WRONG, "enrol.sts_endpoint");
    }
    enroll = make_enroll(&place, "good", authority);
    enroll.sts.header_count--;
    check(&place, &enroll, TLS, ASG_PROOF_WRONG, "headers");
    enroll = make_enroll(&place, "good", authority);
    enroll.sts.headers[enroll.sts.header_count++] =
        (struct asg_rpc_header){"X-Forwarded-For", "10.0.0.1"};
    check(&place, &enroll, TLS, ASG_PROOF_WRONG, "headers");
    enroll = make_enroll(&place, "good", authority);
    enroll.sts.body = "Action=GetSessionToken&Version=2011-06-15";
    check(&place, &enroll, TLS, ASG_PROOF_WRONG, "its body");

    assert_int_equal(before, requests());
    close_place(&place);
}

static void test_a_certificate_of_another_host_is_not_asked(void **state)
{
    (void)state;
    struct place place;
    open_place(&place, server.good);
    long before = requests();
    place.rules.sts_ca = ""; /* the system's authorities, who do not know this one */
    struct asg_proofs *strict = NULL;
    const struct asg_proofs_options options = {.rules = &place.rules,
                                               .authorities_pem =
                                                   asg_authority_pem(place.authority),
                                               .clock = place.clock};
    asg_proofs_new(&options, &strict);
    struct asg_rpc_enroll enroll =
        make_enroll(&place, "good", asg_authority_fingerprint(place.authority));
    begin();
    asg_proofs_check(strict, &enroll, TLS, take, NULL);
    wait_for_answers(1);
    assert_int_equal(ASG_PROOF_UNKNOWN, seen.verdict);
    assert_int_equal(before, requests());
    asg_proofs_destroy(&strict);
    close_place(&place);

    open_place(&place, server.wrong_host);
    enroll = make_enroll(&place, "good", asg_authority_fingerprint(place.authority));
    check(&place, &enroll, TLS, ASG_PROOF_UNKNOWN, "SSL");
    assert_int_equal(before, requests());
    close_place(&place);
}

static void test_a_slow_answer_is_unknown_after_five_seconds(void **state)
{
    (void)state;
    struct place place;
    open_place(&place, server.good);
    for (int i = 0; i < 2; i++) {
        struct asg_rpc_enroll enroll = make_enroll(
            &place, i == 0 ? "slow" : "drip", asg_authority_fingerprint(place.authority));
        int64_t from_ms = asg_clock_monotonic_ms(&place.clock);
        check(&place, &enroll, TLS, ASG_PROOF_UNKNOWN, "could not be checked");
        int64_t took_ms = asg_clock_monotonic_ms(&place.clock) - from_ms;
        assert_in_range(took_ms, ASG_CALLER_TIMEOUT_MS - 200, ASG_CALLER_TIMEOUT_MS * 2);
    }
    close_place(&place);
}

/* It needs no credentials to send requests of the right form to where STS is slow. */
static void test_an_instance_that_asks_often_holds_up_no_other(void **state)
{
    (void)state;
    enum { OFTEN = 4 * ASG_PROVE_STS_THREADS };
    struct place place;
    open_place(&place, server.good);
    const char *authority = asg_authority_fingerprint(place.authority);
    struct asg_rpc_enroll slow = make_enroll(&place, "slow", authority);
    slow.instance_id = "i-0123456789abcdef1";
    begin();
    for (int i = 0; i < OFTEN; i++)
        asg_proofs_check(place.proofs, &slow, TLS, take, NULL);
    struct asg_rpc_enroll good = make_enroll(&place, "good", authority);
    asg_proofs_check(place.proofs, &good, TLS, take, NULL);
    wait_for_answers(OFTEN); /* all but the first, which is under way */
    assert_int_equal(OFTEN - 1, seen.unknown);
    assert_int_equal(ASG_PROOF_HOLDS, seen.verdict);
    /* Whose turn is over may ask again. */
    for (int i = 0; i < 2; i++)
        check(&place, &good, TLS, ASG_PROOF_HOLDS, "");
    close_place(&place);
}

/* Slow ones take all threads: what waits is bounded, and the end answers all of it. */
static void test_what_waits_is_bounded_and_the_end_is_quick(void **state)
{
    (void)state;
    enum { MORE = 40, ALL = ASG_PROVE_STS_THREADS + ASG_PROVE_STS_WAITING + MORE };
    struct place place;
    open_place(&place, server.good);
    struct asg_rpc_enroll enroll =
        make_enroll(&place, "slow", asg_authority_fingerprint(place.authority));
    begin();
    for (int i = 0; i < ALL; i++) {
        char id[sizeof ID];
        (void)snprintf(id, sizeof id, "i-%017x", (unsigned)i);
        enroll.instance_id = id;
        asg_proofs_check(place.proofs, &enroll, TLS, take, NULL);
    }
    enroll.instance_id = ID;
    (void)pthread_mutex_lock(&seen.lock);
    int refused = seen.answers;
    (void)pthread_mutex_unlock(&seen.lock);
    /* Threads may not have taken theirs yet. */
    assert_in_range(refused, MORE, MORE + ASG_PROVE_STS_THREADS);
    assert_non_null(strstr(seen.why, "too many calls to STS at the same time"));
    int64_t from_ms = asg_clock_monotonic_ms(&place.clock);
    asg_proofs_close(place.proofs);
    assert_true(asg_clock_monotonic_ms(&place.clock) - from_ms < 4000);
    wait_for_answers(ALL);
    assert_int_equal(ALL, seen.unknown);
    check(&place, &enroll, TLS, ASG_PROOF_UNKNOWN, ""); /* and later ones too */
    close_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_sts_says_is_compared),
        cmocka_unit_test(test_nobody_is_followed),
        cmocka_unit_test(test_a_request_for_somebody_else_never_leaves),
        cmocka_unit_test(test_a_certificate_of_another_host_is_not_asked),
        cmocka_unit_test(test_a_slow_answer_is_unknown_after_five_seconds),
        cmocka_unit_test(test_an_instance_that_asks_often_holds_up_no_other),
        cmocka_unit_test(test_what_waits_is_bounded_and_the_end_is_quick),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
