/* Who is bound, who waits and who is refused, and what of it reaches the log: the calls
 * of gRPC are played here. The whole is in tests/integration/test_enrolment.py. */
#include "controller/enrol_agent.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/safe_file.h"
#include "controller/join_token.h"
#include "lib/check.h"

#define ID      "i-0123456789abcdef0"
#define OTHER   "i-0fedcba9876543210"
#define IP      "10.0.0.7"
#define KEY_A   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CLUSTER "0123456789abcdef0123456789abcdef"
#define HOUR_MS 3600000

/* ---- gRPC, played ---- */

struct asg_rpc_call {
    int answers;
    bool is_enrolled;
    enum asg_rpc_code code;
    char details[256];
    char certificate[4096];
    char authorities[4096];
    int64_t renew_after_ms;
};

void asg_rpc_call_end(struct asg_rpc_call *call, enum asg_rpc_code code,
                      const char *details)
{
    call->answers++;
    call->code = code;
    (void)snprintf(call->details, sizeof call->details, "%s", details);
}

void asg_rpc_enrolled_reply(struct asg_rpc_call *call,
                            const struct asg_rpc_enrolled *enrolled)
{
    call->answers++;
    call->is_enrolled = true;
    assert_int_equal(2, enrolled->report_count);
    assert_string_equal("tcp://10.0.0.1:7701", enrolled->reports[0]);
    assert_string_equal("tcp://10.0.0.2:7701", enrolled->reports[1]);
    assert_string_equal("the key", enrolled->reports_key);
    (void)snprintf(call->certificate, sizeof call->certificate, "%s",
                   enrolled->certificate_pem);
    (void)snprintf(call->authorities, sizeof call->authorities, "%s",
                   enrolled->authorities_pem);
    call->renew_after_ms = enrolled->renew_after_ms;
}

/* The prober's side of these services is linked, and with it what answers them. */
void asg_rpc_call_reply(struct asg_rpc_call *call, const void *data, size_t length)
{
    (void)call;
    (void)data;
    (void)length;
}

void asg_rpc_call_send(struct asg_rpc_call *call, const void *data, size_t length)
{
    asg_rpc_call_reply(call, data, length);
}

/* ---- the world ---- */

static int64_t now_us;

static int64_t read_us(void *context)
{
    (void)context;
    return now_us;
}

static int64_t read_ms(void *context)
{
    return read_us(context) / 1000;
}

struct fixture {
    char folder[64];
    struct asg_inbox *inbox;
    struct asg_ingest *ingest;
    struct asg_proofs *proofs;
    struct asg_authority *authority;
    struct asg_enrolments *enrolments;
    struct asg_tls_key *tls_key;
    struct asg_bytes request;
    char tls_hash[ASG_KEY_HASH_SIZE];
    atomic_bool is_leading;
    uint8_t secret[32];
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    *state = f;
    now_us = INT64_C(1795442400000000);
    (void)snprintf(f->folder, sizeof f->folder, "/tmp/asg-enrol-XXXXXX");
    if (mkdtemp(f->folder) == NULL) return 1;
    const struct asg_clock clock = {.wall_ms = read_ms, .monotonic_us = read_us};
    asg_inbox_new(100, NULL, NULL, &f->inbox);
    const struct asg_ingest_options ingest = {.inbox = f->inbox,
                                              .roster = {.check_address = true,
                                                         .silent_reports = 3,
                                                         .silent_ms_min = 1000,
                                                         .first_report_ms = 5000},
                                              .clock = clock};
    asg_ingest_new(&ingest, &f->ingest);
    memset(f->secret, 7, sizeof f->secret);
    struct asg_proofs_options proving = {.rules = NULL};
    memcpy(proving.join_secret, f->secret, sizeof f->secret);
    asg_proofs_new(&proving, &f->proofs);
    atomic_init(&f->is_leading, true);
    if (asg_authority_load_or_make(f->folder, &f->authority, NULL) != ASG_OK) return 1;
    if (asg_tls_key_load_or_make("", &f->tls_key, NULL) != ASG_OK) return 1;
    asg_certificate_request(f->tls_key, &f->request);
    asg_tls_key_hash(f->tls_key, f->tls_hash);
    const struct asg_enrolments_options options = {
        .inbox = f->inbox,
        .ingest = f->ingest,
        .proofs = f->proofs,
        .authority = f->authority,
        .is_leading = &f->is_leading,
        .cluster_id = CLUSTER,
        .reports = "tcp://10.0.0.1:7701, tcp://10.0.0.2:7701",
        .reports_key = "the key",
        .is_address_checked = true,
        .life_ms = HOUR_MS,
        .pending = 2,
        .clock = clock,
    };
    return asg_enrolments_new(&options, &f->enrolments, NULL) == ASG_OK ? 0 : 1;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    asg_enrolments_destroy(&f->enrolments);
    asg_proofs_destroy(&f->proofs);
    asg_ingest_destroy(&f->ingest);
    asg_inbox_destroy(&f->inbox);
    asg_authority_destroy(&f->authority);
    asg_tls_key_destroy(&f->tls_key);
    asg_bytes_clear(&f->request);
    (void)nftw(f->folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
    test_free(f);
    return 0;
}

static void tell_member(struct fixture *f, const char *private_ip, const char *curve_key,
                        const char *tls_key)
{
    struct asg_member member = {.group_no = 1,
                                .instance_id = ID,
                                .private_ip = private_ip,
                                .state = ASG_MEMBER_COUNTS,
                                .job_id = 7,
                                .attempt = 1,
                                .incarnation = 70,
                                .curve_key = curve_key,
                                .tls_key = tls_key};
    struct asg_watch watch = {1, "web", 3600000, 1u << ASG_METRIC_NAME_CPU, 1};
    const struct asg_effects effects = {
        .members = &member, .member_count = 1, .watches = &watch, .watch_count = 1};
    asg_ingest_take_members(f->ingest, &effects);
}

static struct asg_rpc_call enrol_as(struct fixture *f, const char *instance_id,
                                    const char *curve_key, const char *token,
                                    const char *address, struct asg_rpc_call *call)
{
    const struct asg_rpc_enroll enroll = {
        .instance_id = instance_id,
        .curve_key = curve_key,
        .request = f->request.data,
        .request_length = f->request.length,
        .version = "test",
        .grpc_port = 7705,
        .interval_ms = 1000,
        .proof = token != NULL ? ASG_RPC_PROOF_TOKEN : ASG_RPC_PROOF_NONE,
        .token = {.token = token != NULL ? token : "",
                  .job_id = 7,
                  .attempt = 1,
                  .incarnation = 70},
        .sts = {.url = "", .body = ""},
        .document = {.document = "", .signature = ""},
    };
    *call = (struct asg_rpc_call){.answers = 0};
    asg_enrolments_take(f->enrolments, call, &enroll, address);
    return *call;
}

/* With the token of the launch. */
static void enrol(struct fixture *f, const char *instance_id, const char *curve_key,
                  const char *address, struct asg_rpc_call *call)
{
    char token[ASG_JOIN_TOKEN_SIZE];
    asg_join_token(f->secret, 70, 7, 1, token);
    (void)enrol_as(f, instance_id, curve_key, token, address, call);
}

/* What waits in the inbox, settled as core's answer says. */
static void settle(struct fixture *f, bool is_ok, const char *code)
{
    struct asg_inbox_item *item = asg_inbox_take(f->inbox);
    assert_non_null(item);
    assert_int_equal(ASG_EVENT_ENROLMENT, item->event.kind);
    assert_int_equal(ASG_WAITER_CALL, item->waiter.kind);
    const struct asg_effects effects = {
        .reply = {.is_set = true, .is_ok = is_ok, .code = code, .message = "core's"}};
    item->waiter.settled(item->waiter.call, code != NULL ? &effects : NULL);
    asg_inbox_done(f->inbox, item);
}

static void expect(const struct asg_rpc_call *call, enum asg_rpc_code code)
{
    assert_int_equal(1, call->answers);
    assert_false(call->is_enrolled);
    assert_int_equal(code, call->code);
}

static void expect_nothing_for_the_log(struct fixture *f)
{
    assert_null(asg_inbox_take(f->inbox));
}

static void expect_certificate(struct fixture *f, const struct asg_rpc_call *call)
{
    assert_int_equal(1, call->answers);
    assert_true(call->is_enrolled);
    struct asg_certificate_facts facts;
    assert_status(ASG_OK, asg_certificate_check(call->certificate, call->authorities,
                                                &facts, NULL));
    assert_int_equal(ASG_HOLDER_INSTANCE, facts.holder.kind);
    assert_string_equal(ID, facts.holder.instance_id);
    assert_string_equal(CLUSTER, facts.holder.cluster);
    assert_string_equal(f->tls_hash, facts.key_hash);
    assert_int_equal((read_ms(NULL) + HOUR_MS) / 1000, facts.until_ms / 1000);
    assert_in_range(call->renew_after_ms, HOUR_MS * 6 / 10, HOUR_MS * 74 / 100);
}

/* ---- tests ---- */

static void test_an_enrolment_is_answered_when_it_is_durable(void **state)
{
    struct fixture *f = *state;
    tell_member(f, IP, "", "");
    struct asg_rpc_call call;
    enrol(f, ID, KEY_A, IP, &call);
    assert_int_equal(0, call.answers);
    struct asg_inbox_item *item = asg_inbox_take(f->inbox);
    assert_non_null(item);
    const struct asg_enrolment *event = item->event.enrolment;
    assert_string_equal(ID, event->instance_id);
    assert_string_equal(KEY_A, event->curve_key);
    assert_string_equal(f->tls_hash, event->tls_key);
    assert_string_equal(IP, event->address);
    assert_int_equal(ASG_PROOF_TOKEN, event->proof);
    assert_int_equal(7, event->job_id);
    assert_int_equal(70, event->incarnation);
    assert_true(event->is_address_checked);
    assert_true(strlen(event->serial) > 8);
    assert_int_equal(0, call.answers);
    const struct asg_effects effects = {.reply = {.is_set = true, .is_ok = true}};
    item->waiter.settled(item->waiter.call, &effects);
    asg_inbox_done(f->inbox, item);
    expect_certificate(f, &call);
    assert_non_null(strstr(call.certificate, "BEGIN CERTIFICATE"));
}

static void test_bound_keys_are_renewed_without_proof_or_event(void **state)
{
    struct fixture *f = *state;
    tell_member(f, IP, KEY_A, f->tls_hash);
    struct asg_rpc_call call;
    (void)enrol_as(f, ID, KEY_A, NULL, "192.0.2.9", &call); /* wherever it is now */
    expect_certificate(f, &call);
    expect_nothing_for_the_log(f);
}

static void test_what_core_says_reaches_the_agent(void **state)
{
    struct fixture *f = *state;
    tell_member(f, IP, "", "");
    static const struct {
        const char *code;
        enum asg_rpc_code wanted;
    } rows[] = {{"NotFound", ASG_RPC_NOT_FOUND},
                {"TryAgain", ASG_RPC_UNAVAILABLE},
                {"Denied", ASG_RPC_PERMISSION_DENIED},
                {"ServiceUnavailable", ASG_RPC_UNAVAILABLE},
                {"ValidationError", ASG_RPC_UNAVAILABLE},
                {NULL, ASG_RPC_UNAVAILABLE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asg_rpc_call call;
        enrol(f, ID, KEY_A, IP, &call);
        settle(f, false, rows[i].code);
        expect(&call, rows[i].wanted);
    }
}

static void test_while_ec2_has_not_said_the_address_nothing_is_bound(void **state)
{
    struct fixture *f = *state;
    tell_member(f, "", "", "");
    struct asg_rpc_call call;
    enrol(f, ID, KEY_A, IP, &call);
    expect(&call, ASG_RPC_UNAVAILABLE);
    assert_non_null(strstr(call.details, "try again"));
    expect_nothing_for_the_log(f);
}

static void test_refusals_repeat_nothing_and_leave_the_log_alone(void **state)
{
    struct fixture *f = *state;
    tell_member(f, IP, "", "");
    struct asg_rpc_call call;
    enrol(f, ID, KEY_A, "10.0.0.8", &call); /* another address */
    expect(&call, ASG_RPC_PERMISSION_DENIED);
    assert_null(strstr(call.details, "10.0.0"));
    (void)enrol_as(f, ID, KEY_A, NULL, IP, &call); /* no proof */
    expect(&call, ASG_RPC_PERMISSION_DENIED);
    (void)enrol_as(f, ID, KEY_A, "0011", IP, &call); /* a token that is none of ours */
    expect(&call, ASG_RPC_PERMISSION_DENIED);
    assert_null(strstr(call.details, "0011"));
    assert_null(strstr(call.details, ID));
    expect_nothing_for_the_log(f);
}

static void test_what_is_no_enrolment_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    static const char *const ids[] = {"", "i-", "i-\x1b[31m", "x-0123456789abcdef0",
                                      "i-0123456789abcdef0123456789abcdef0"};
    struct asg_rpc_call call;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        enrol(f, ids[i], KEY_A, IP, &call);
        expect(&call, ASG_RPC_INVALID_ARGUMENT);
    }
    enrol(f, ID, "short", IP, &call);
    expect(&call, ASG_RPC_INVALID_ARGUMENT);
    enrol(f, ID, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", IP, &call);
    expect(&call, ASG_RPC_INVALID_ARGUMENT);
    f->request.data[f->request.length - 1] ^= 1; /* its signature */
    enrol(f, ID, KEY_A, IP, &call);
    expect(&call, ASG_RPC_INVALID_ARGUMENT);
    f->request.length = 0;
    enrol(f, ID, KEY_A, IP, &call);
    expect(&call, ASG_RPC_INVALID_ARGUMENT);
}

static void test_an_early_agent_is_a_witness_once(void **state)
{
    struct fixture *f = *state;
    struct asg_rpc_call call;
    for (int i = 0; i < 3; i++) {
        enrol(f, OTHER, KEY_A, IP, &call);
        expect(&call, ASG_RPC_NOT_FOUND);
    }
    struct asg_inbox_item *item = asg_inbox_take(f->inbox);
    assert_non_null(item);
    assert_int_equal(ASG_EVENT_WITNESS, item->event.kind);
    assert_string_equal(OTHER, item->event.witness->name);
    assert_int_equal(70, item->event.witness->incarnation);
    asg_inbox_done(f->inbox, item);
    expect_nothing_for_the_log(f);
    asg_enrolments_tell_again(f->enrolments);
    enrol(f, OTHER, KEY_A, IP, &call);
    item = asg_inbox_take(f->inbox);
    assert_non_null(item);
    asg_inbox_done(f->inbox, item);
}

static void test_other_keys_reach_core_once_in_ten_minutes(void **state)
{
    struct fixture *f = *state;
    tell_member(f, IP, KEY_B, f->tls_hash);
    for (int round = 0; round < 2; round++) {
        struct asg_rpc_call call;
        enrol(f, ID, KEY_A, IP, &call);
        settle(f, false, "Denied");
        expect(&call, ASG_RPC_PERMISSION_DENIED);
        for (int i = 0; i < 5; i++) {
            now_us += 100 * INT64_C(1000000);
            enrol(f, ID, KEY_A, IP, &call);
            expect(&call, ASG_RPC_PERMISSION_DENIED);
            expect_nothing_for_the_log(f);
        }
        now_us += 101 * INT64_C(1000000);
    }
    /* Without a proof it is not told at all. */
    struct asg_rpc_call call;
    now_us += 601 * INT64_C(1000000);
    (void)enrol_as(f, ID, KEY_A, NULL, IP, &call);
    expect(&call, ASG_RPC_PERMISSION_DENIED);
    expect_nothing_for_the_log(f);
}

/* An operator had the keys forgotten, and somebody was quicker than the true agent once
 * more: that is news, ten minutes or not. */
static void test_other_keys_after_new_ones_reach_core_at_once(void **state)
{
    struct fixture *f = *state;
    struct asg_rpc_call call;
    tell_member(f, IP, KEY_B, f->tls_hash);
    enrol(f, ID, KEY_A, IP, &call);
    settle(f, false, "Denied");
    tell_member(f, IP, "", "");
    enrol(f, ID, KEY_B, IP, &call);
    settle(f, true, "");
    expect_certificate(f, &call);
    tell_member(f, IP, KEY_B, f->tls_hash);
    enrol(f, ID, KEY_A, IP, &call);
    settle(f, false, "Denied");
    expect(&call, ASG_RPC_PERMISSION_DENIED);
    enrol(f, ID, KEY_A, IP, &call);
    expect_nothing_for_the_log(f);
}

static void test_so_many_wait_and_no_more(void **state)
{
    struct fixture *f = *state;
    tell_member(f, IP, "", "");
    struct asg_rpc_call calls[3];
    for (int i = 0; i < 3; i++) {
        enrol(f, ID, KEY_A, IP, &calls[i]);
    }
    assert_int_equal(0, calls[0].answers);
    assert_int_equal(0, calls[1].answers);
    expect(&calls[2], ASG_RPC_RESOURCE_EXHAUSTED);
    settle(f, true, "");
    settle(f, false, NULL);
    expect_certificate(f, &calls[0]);
    expect(&calls[1], ASG_RPC_UNAVAILABLE);
    enrol(f, ID, KEY_A, IP, &calls[2]); /* there is room again */
    assert_int_equal(0, calls[2].answers);
    settle(f, true, "");
    expect_certificate(f, &calls[2]);
}

static void test_who_does_not_lead_or_stops_sends_them_away(void **state)
{
    struct fixture *f = *state;
    tell_member(f, IP, KEY_A, f->tls_hash);
    struct asg_rpc_call call;
    atomic_store(&f->is_leading, false);
    enrol(f, ID, KEY_A, IP, &call);
    expect(&call, ASG_RPC_UNAVAILABLE);
    atomic_store(&f->is_leading, true);
    enrol(f, ID, KEY_A, IP, &call);
    expect_certificate(f, &call);
    asg_enrolments_close(f->enrolments);
    enrol(f, ID, KEY_A, IP, &call);
    expect(&call, ASG_RPC_UNAVAILABLE);
    expect_nothing_for_the_log(f);
}

/* ---- proofs by AWS: what of them is for this file ---- */

/* The same controller, with other proofs taken. */
static void take_proofs(struct fixture *f, const struct asg_proof_rules *rules,
                        bool is_address_checked)
{
    const struct asg_clock clock = {.wall_ms = read_ms, .monotonic_us = read_us};
    asg_enrolments_destroy(&f->enrolments);
    asg_proofs_destroy(&f->proofs);
    const struct asg_proofs_options proving = {.rules = rules,
                                               .authorities_pem =
                                                   asg_authority_pem(f->authority),
                                               .clock = clock};
    asg_proofs_new(&proving, &f->proofs);
    const struct asg_enrolments_options options = {
        .inbox = f->inbox,
        .ingest = f->ingest,
        .proofs = f->proofs,
        .authority = f->authority,
        .is_leading = &f->is_leading,
        .cluster_id = CLUSTER,
        .reports = "tcp://10.0.0.1:7701, tcp://10.0.0.2:7701",
        .reports_key = "the key",
        .is_address_checked = is_address_checked,
        .life_ms = HOUR_MS,
        .pending = 2,
        .clock = clock,
    };
    assert_status(ASG_OK, asg_enrolments_new(&options, &f->enrolments, NULL));
}

static struct asg_rpc_enroll start_enroll(struct fixture *f, const char *instance_id,
                                          enum asg_rpc_proof proof)
{
    return (struct asg_rpc_enroll){.instance_id = instance_id,
                                   .curve_key = KEY_A,
                                   .request = f->request.data,
                                   .request_length = f->request.length,
                                   .version = "test",
                                   .grpc_port = 7705,
                                   .interval_ms = 1000,
                                   .proof = proof,
                                   .token.token = "",
                                   .sts = {.url = "", .body = ""},
                                   .document = {.document = "", .signature = ""}};
}

static void enrol_by_document(struct fixture *f, const struct asg_document_key *key,
                              const char *address_in_it, struct asg_rpc_call *call)
{
    char text[512];
    struct asg_bytes signature = {0};
    int length = snprintf(text, sizeof text,
                          "{\"accountId\":\"123456789012\",\"instanceId\":\"" ID
                          "\",\"pendingTime\":\"2026-11-23T13:00:00Z\",\"privateIp\":"
                          "\"%s\",\"region\":\"us-east-1\"}",
                          address_in_it);
    asg_document_sign(key, text, (size_t)length, &signature);
    struct asg_rpc_enroll enroll = start_enroll(f, ID, ASG_RPC_PROOF_DOCUMENT);
    enroll.document.signature = asg_bytes_text(&signature);
    *call = (struct asg_rpc_call){.answers = 0};
    asg_enrolments_take(f->enrolments, call, &enroll, IP);
    asg_bytes_clear(&signature);
}

static void pin(struct fixture *f, const struct asg_document_key *key,
                struct asg_proof_rules *rules)
{
    static const char *const account = "123456789012";
    char path[96];
    struct asg_bytes pem = {0};
    asg_document_key_certificate(key, &pem);
    (void)snprintf(path, sizeof path, "%s/pinned.pem", f->folder);
    assert_status(ASG_OK, asg_safe_file_make(path, 0644, pem.data, pem.length, NULL));
    asg_bytes_clear(&pem);
    *rules = (struct asg_proof_rules){.accounts = &account, .account_count = 1};
    rules->takes[ASG_PROOF_DOCUMENT] = true;
    assert_status(ASG_OK, asg_document_certificates_load(path, "us-east-1",
                                                         &rules->documents, NULL));
}

static void test_a_document_is_good_for_its_own_address(void **state)
{
    struct fixture *f = *state;
    struct asg_document_key *key = NULL;
    struct asg_proof_rules rules;
    struct asg_rpc_call call;
    asg_document_key_make(&key);
    pin(f, key, &rules);
    tell_member(f, IP, "", "");

    take_proofs(f, &rules, true);
    enrol_by_document(f, key, "10.0.0.8", &call);
    expect(&call, ASG_RPC_PERMISSION_DENIED);
    assert_non_null(strstr(call.details, "identity document"));
    expect_nothing_for_the_log(f);
    enrol_by_document(f, key, IP, &call);
    settle(f, true, "");
    expect_certificate(f, &call);

    /* Behind address translation core compares the document's with EC2's. */
    take_proofs(f, &rules, false);
    enrol_by_document(f, key, "10.0.0.8", &call);
    struct asg_inbox_item *item = asg_inbox_take(f->inbox);
    assert_non_null(item);
    assert_int_equal(ASG_PROOF_DOCUMENT, item->event.enrolment->proof);
    assert_string_equal("10.0.0.8", item->event.enrolment->address);
    assert_true(item->event.enrolment->is_address_checked);
    item->waiter.settled(item->waiter.call, NULL);
    asg_inbox_done(f->inbox, item);

    char token[ASG_JOIN_TOKEN_SIZE];
    asg_join_token(f->secret, 70, 7, 1, token);
    (void)enrol_as(f, ID, KEY_A, token, IP, &call); /* not taken any more */
    expect(&call, ASG_RPC_PERMISSION_DENIED);
    assert_non_null(strstr(call.details, "identity document, for proof: document"));
    asg_proof_rules_clear(&rules);
    asg_document_key_destroy(&key);
}

/* Strangers make no work for STS, and all of them hear the same. */
static void test_sts_is_asked_for_our_instances_from_their_addresses_alone(void **state)
{
    struct fixture *f = *state;
    static const char *const account = "123456789012";
    struct asg_proof_rules rules = {
        .accounts = &account, .account_count = 1, .sts_ca = ""};
    rules.takes[ASG_PROOF_STS] = true;
    take_proofs(f, &rules, true);
    tell_member(f, IP, "", "");
    const struct {
        const char *id;
        const char *address;
        enum asg_rpc_code code;
    } rows[] = {
        {OTHER, IP, ASG_RPC_NOT_FOUND},
        {ID, "10.0.0.8", ASG_RPC_NOT_FOUND},
        {ID, IP, ASG_RPC_PERMISSION_DENIED}}; /* to be checked: it is no request */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asg_rpc_enroll enroll = start_enroll(f, rows[i].id, ASG_RPC_PROOF_STS);
        struct asg_rpc_call call = {.answers = 0};
        asg_enrolments_take(f->enrolments, &call, &enroll, rows[i].address);
        expect(&call, rows[i].code);
        const char *words = i < 2 ? "no instance with that id and the address" : "STS";
        assert_non_null(strstr(call.details, words));
        expect_nothing_for_the_log(f);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_enrolment_is_answered_when_it_is_durable),
        TEST(test_bound_keys_are_renewed_without_proof_or_event),
        TEST(test_what_core_says_reaches_the_agent),
        TEST(test_while_ec2_has_not_said_the_address_nothing_is_bound),
        TEST(test_refusals_repeat_nothing_and_leave_the_log_alone),
        TEST(test_what_is_no_enrolment_is_refused_at_once),
        TEST(test_an_early_agent_is_a_witness_once),
        TEST(test_other_keys_reach_core_once_in_ten_minutes),
        TEST(test_other_keys_after_new_ones_reach_core_at_once),
        TEST(test_so_many_wait_and_no_more),
        TEST(test_who_does_not_lead_or_stops_sends_them_away),
        TEST(test_a_document_is_good_for_its_own_address),
        TEST(test_sts_is_asked_for_our_instances_from_their_addresses_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
