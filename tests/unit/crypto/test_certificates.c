/* The authority, what it signs and what is believed, held against openssl(1) too. */
#include "crypto/certificates.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/safe_file.h"
#include "crypto/crypto.h"
#include "lib/check.h"

#define FROM_MS  INT64_C(1700000000000)
#define UNTIL_MS (FROM_MS + INT64_C(90) * 86400 * 1000)

struct place {
    char folder[64];
    struct asg_authority *authority;
    struct asg_tls_key *key;
    struct asg_bytes request;
    struct asg_bytes pem;
    struct asg_error error;
};

static const struct asg_holder instance = {
    .kind = ASG_HOLDER_INSTANCE,
    .cluster = "0123456789abcdef0123456789abcdef",
    .instance_id = "i-0123456789abcdef0",
};

static const char *path(const struct place *place, const char *name)
{
    static char ret[2][160];
    static int turn;
    turn ^= 1;
    (void)snprintf(ret[turn], sizeof ret[turn], "%s/%s", place->folder, name);
    return ret[turn];
}

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/asg-cert-XXXXXX");
    if (place == NULL || mkdtemp(place->folder) == NULL) return 1;
    assert_status(ASG_OK, asg_authority_load_or_make(place->folder, &place->authority,
                                                     &place->error));
    assert_status(ASG_OK, asg_tls_key_load_or_make("", &place->key, &place->error));
    asg_certificate_request(place->key, &place->request);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {
        "ca.key", "ca.pem", "ca.key.new", "ca.pem.new",  "agent.key", "leaf.pem",
        "link",   "target", "other",      "request.der", "out",       "key.pem"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(path(place, names[i]));
    }
    asg_authority_destroy(&place->authority);
    asg_tls_key_destroy(&place->key);
    asg_bytes_clear(&place->request);
    asg_bytes_clear(&place->pem);
    int result = rmdir(place->folder);
    free(place);
    return result;
}

static void put(const char *where, const void *data, size_t length, mode_t mode)
{
    (void)unlink(where);
    int file = open(where, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(length, write(file, data, length));
    assert_int_equal(0, fchmod(file, mode));
    assert_int_equal(0, close(file));
}

static const char *sign(struct place *place, const struct asg_holder *holder,
                        struct asg_certificate_facts *ret_facts)
{
    asg_bytes_reset(&place->pem);
    assert_status(ASG_OK,
                  asg_authority_sign(place->authority, place->request.data,
                                     place->request.length, holder, FROM_MS, UNTIL_MS,
                                     &place->pem, ret_facts, &place->error));
    return asg_bytes_text(&place->pem);
}

/* Run openssl(1) in the folder; its output goes to `out`. */
static int run(const struct place *place, const char *const argv[], char *out,
               size_t size)
{
    const char *to = path(place, "out");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int file = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (chdir(place->folder) != 0 || file < 0 || dup2(file, 1) < 0 ||
            dup2(file, 2) < 0) {
            _exit(126);
        }
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(child, waitpid(child, &status, 0));
    int file = open(to, O_RDONLY);
    assert_true(file >= 0);
    ssize_t length = read(file, out, size - 1);
    (void)close(file);
    out[length < 0 ? 0 : length] = '\0';
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void must_run(const struct place *place, const char *const argv[], char *out,
                     size_t size)
{
    int code = run(place, argv, out, size);
    if (code != 0) fail_msg("%s %s: %d, %s", argv[0], argv[1], code, out);
}

#define RUN(place, out, ...)                                                             \
    must_run(place, (const char *const[]){__VA_ARGS__, NULL}, out, sizeof out)

/* ---- what is signed is believed ---- */

static void test_what_is_signed_names_its_holder_and_key(void **state)
{
    struct place *place = *state;
    struct asg_certificate_facts signed_facts;
    struct asg_certificate_facts facts;
    const char *pem = sign(place, &instance, &signed_facts);
    assert_status(ASG_OK, asg_certificate_check(pem, asg_authority_pem(place->authority),
                                                &facts, &place->error));
    char hash[ASG_KEY_HASH_SIZE];
    asg_tls_key_hash(place->key, hash);
    assert_int_equal(ASG_HOLDER_INSTANCE, facts.holder.kind);
    assert_string_equal(instance.cluster, facts.holder.cluster);
    assert_string_equal(instance.instance_id, facts.holder.instance_id);
    assert_string_equal(hash, facts.key_hash);
    assert_int_equal(FROM_MS, facts.from_ms);
    assert_int_equal(UNTIL_MS, facts.until_ms);
    assert_int_equal(40, strlen(facts.serial));
    assert_memory_equal(&signed_facts, &facts, sizeof facts);
    assert_status(ASG_OK,
                  asg_certificate_request_key(place->request.data, place->request.length,
                                              hash, &place->error));
    assert_string_equal(facts.key_hash, hash);
}

static void test_the_controller_has_a_name_of_its_own(void **state)
{
    struct place *place = *state;
    struct asg_holder holder = {.kind = ASG_HOLDER_CONTROLLER, .cluster = "c1"};
    struct asg_certificate_facts facts;
    const char *pem = sign(place, &holder, NULL);
    assert_status(ASG_OK, asg_certificate_check(pem, asg_authority_pem(place->authority),
                                                &facts, &place->error));
    assert_int_equal(ASG_HOLDER_CONTROLLER, facts.holder.kind);
    assert_string_equal("c1", facts.holder.cluster);
    assert_string_equal("", facts.holder.instance_id);
}

static void test_serials_are_drawn(void **state)
{
    struct place *place = *state;
    struct asg_certificate_facts a;
    struct asg_certificate_facts b;
    (void)sign(place, &instance, &a);
    (void)sign(place, &instance, &b);
    assert_string_not_equal(a.serial, b.serial);
    assert_string_equal(a.key_hash, b.key_hash);
}

/* The clock of 2026 is past until_ms of these. */
static void test_an_expired_certificate_is_given_back_and_not_judged(void **state)
{
    struct place *place = *state;
    struct asg_certificate_facts facts;
    asg_bytes_reset(&place->pem);
    assert_status(ASG_OK,
                  asg_authority_sign(place->authority, place->request.data,
                                     place->request.length, &instance, INT64_C(1000),
                                     INT64_C(2000), &place->pem, NULL, &place->error));
    assert_status(ASG_OK, asg_certificate_check(asg_bytes_text(&place->pem),
                                                asg_authority_pem(place->authority),
                                                &facts, &place->error));
    assert_int_equal(1000, facts.from_ms);
    assert_int_equal(2000, facts.until_ms);
}

static void test_times_may_be_far_and_never_backwards(void **state)
{
    struct place *place = *state;
    struct asg_certificate_facts facts;
    asg_bytes_reset(&place->pem);
    int64_t far_ms = INT64_C(4102444800000); /* 2100: no UTCTime */
    assert_status(ASG_OK, asg_authority_sign(place->authority, place->request.data,
                                             place->request.length, &instance, FROM_MS,
                                             far_ms, &place->pem, NULL, &place->error));
    assert_status(ASG_OK, asg_certificate_check(asg_bytes_text(&place->pem),
                                                asg_authority_pem(place->authority),
                                                &facts, &place->error));
    assert_int_equal(far_ms, facts.until_ms);
    asg_bytes_reset(&place->pem);
    assert_status(ASG_ERR_INVALID,
                  asg_authority_sign(place->authority, place->request.data,
                                     place->request.length, &instance, FROM_MS, FROM_MS,
                                     &place->pem, NULL, &place->error));
    assert_int_equal(0, place->pem.length);
}

static void test_another_authority_is_not_believed(void **state)
{
    struct place *place = *state;
    struct place *other = NULL;
    assert_int_equal(0, set_up((void **)&other));
    struct asg_certificate_facts facts;
    const char *pem = sign(place, &instance, NULL);
    assert_status(ASG_ERR_DENIED,
                  asg_certificate_check(pem, asg_authority_pem(other->authority), &facts,
                                        &place->error));
    assert_status(ASG_ERR_DENIED, asg_certificate_check(pem, "", &facts, &place->error));
    assert_status(ASG_ERR_MALFORMED,
                  asg_certificate_check("", asg_authority_pem(place->authority), &facts,
                                        &place->error));
    /* Both are trusted while one takes over from the other. */
    struct asg_bytes both = {0};
    asg_bytes_append_text(&both, asg_authority_pem(other->authority));
    asg_bytes_append_text(&both, asg_authority_pem(place->authority));
    assert_status(
        ASG_OK, asg_certificate_check(pem, asg_bytes_text(&both), &facts, &place->error));
    asg_bytes_clear(&both);
    assert_int_equal(0, tear_down((void **)&other));
}

/* A chain that begins with the authority's own certificate names nobody. */
static void test_the_authority_is_no_holder(void **state)
{
    struct place *place = *state;
    struct asg_certificate_facts facts;
    const char *pem = asg_authority_pem(place->authority);
    assert_status(ASG_ERR_MALFORMED,
                  asg_certificate_check(pem, pem, &facts, &place->error));
}

/* A leaf of the authority must not be taken for an authority. */
static void test_a_leaf_signs_nothing(void **state)
{
    struct place *place = *state;
    struct asg_certificate_facts facts;
    struct asg_bytes key = {0};
    char out[8192];
    asg_tls_key_pem(place->key, &key);
    put(path(place, "key.pem"), key.data, key.length, 0600);
    asg_safe_bytes_clear(&key);
    const char *leaf = sign(place, &instance, NULL);
    put(path(place, "leaf.pem"), leaf, strlen(leaf), 0600);
    static const char names[] = "subjectAltName=URI:openasg://c/controller\n";
    put(path(place, "other"), names, strlen(names), 0600);
    RUN(place, out, "openssl", "req", "-new", "-key", "key.pem", "-subj", "/CN=x", "-out",
        "request.der");
    RUN(place, out, "openssl", "x509", "-req", "-in", "request.der", "-CA", "leaf.pem",
        "-CAkey", "key.pem", "-extfile", "other", "-days", "1", "-out", "target");
    struct asg_bytes pem = {0};
    const struct asg_safe_need need = {
        .what = "leaf", .length_max = 65536, .guard = ASG_SAFE_ANY};
    assert_status(ASG_OK,
                  asg_safe_file_read(path(place, "target"), &need, &pem, &place->error));
    assert_status(ASG_ERR_DENIED, asg_certificate_check(asg_bytes_text(&pem), leaf,
                                                        &facts, &place->error));
    asg_bytes_clear(&pem);
}

/* ---- names ---- */

/* Sign with the authority's real key whatever names a test wants. */
static void forge(struct place *place, const char *names, const char *extra)
{
    char out[8192];
    char config[1024];
    int length = snprintf(config, sizeof config, "subjectAltName=%s\n%s\n", names, extra);
    put(path(place, "other"), config, (size_t)length, 0600);
    RUN(place, out, "openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout",
        "-out", "key.pem");
    RUN(place, out, "openssl", "req", "-new", "-key", "key.pem", "-subj", "/CN=x", "-out",
        "request.der");
    RUN(place, out, "openssl", "x509", "-req", "-in", "request.der", "-CA", "ca.pem",
        "-CAkey", "ca.key", "-extfile", "other", "-days", "1", "-out", "leaf.pem");
    asg_bytes_reset(&place->pem);
    const struct asg_safe_need need = {
        .what = "leaf", .length_max = 65536, .guard = ASG_SAFE_ANY};
    assert_status(ASG_OK, asg_safe_file_read(path(place, "leaf.pem"), &need, &place->pem,
                                             &place->error));
}

static enum asg_status check_forged(struct place *place, const char *names,
                                    const char *extra)
{
    struct asg_certificate_facts facts;
    forge(place, names, extra);
    return asg_certificate_check(asg_bytes_text(&place->pem),
                                 asg_authority_pem(place->authority), &facts,
                                 &place->error);
}

static void test_one_name_and_no_other_beside_it(void **state)
{
    struct place *place = *state;
    assert_status(ASG_OK, check_forged(place, "URI:openasg://c/instance/i-1", ""));
    static const char *const wrong[] = {
        "URI:openasg://c/instance/i-1,URI:openasg://c/instance/i-2",
        "URI:openasg://c/controller,URI:https://example.com/",
        "URI:openasg://c/instance/i-1,DNS:example.com",
        "URI:openasg://c/instance/i-1,IP:10.0.0.7",
        "DNS:openasg",
        "URI:https://c/controller",
        "URI:openasg://c/worker",
        "URI:openasg://c/instance/",
        "URI:openasg://c/instance/i-1/x",
        "email:openasg@example.com",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_status(ASG_ERR_MALFORMED, check_forged(place, wrong[i], ""));
        assert_non_null(strstr(place->error.text, "names none or several"));
    }
}

static void test_kinds_of_certificates_that_are_not_ours_are_refused(void **state)
{
    struct place *place = *state;
    const char *name = "URI:openasg://c/instance/i-1";
    assert_status(ASG_ERR_MALFORMED,
                  check_forged(place, name, "basicConstraints=critical,CA:TRUE"));
    assert_status(ASG_ERR_MALFORMED,
                  check_forged(place, name, "1.2.3.4=critical,ASN1:UTF8String:x"));
    assert_status(ASG_OK, check_forged(place, name, "1.2.3.4=ASN1:UTF8String:x"));
}

static void test_names_are_read_as_they_are_written(void **state)
{
    (void)state;
    struct asg_holder holder;
    char uri[ASG_HOLDER_SIZE * 2];
    asg_holder_uri(&instance, uri);
    assert_string_equal("openasg://0123456789abcdef0123456789abcdef/instance/"
                        "i-0123456789abcdef0",
                        uri);
    assert_status(ASG_OK, asg_holder_read(uri, &holder));
    assert_string_equal(instance.instance_id, holder.instance_id);
    static const char *const wrong[] = {
        "",
        "openasg://",
        "openasg:///controller",
        "openasg://c",
        "openasg://c/",
        "openasg://c/controller/",
        "openasg://c/controllers",
        "OPENASG://c/controller",
        "openasg://c/instance",
        "openasg://c/instance/",
        "openasg://c/instance/i-1/i-2",
        "openasg://c/instance/..",
        "openasg://../controller",
        "openasg://c/instance/i-1\n",
        "openasg://c/instance/i-\x1b[31m",
        "openasg://c/instance/i-\x7f",
        "openasg://c/instance/i-\xc2\x9b",
        "openasg://c/instance/i-1?x",
        "openasg://c c/controller",
        "openasg://c/instance/-i",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_status(ASG_ERR_MALFORMED, asg_holder_read(wrong[i], &holder));
    }
}

static void test_names_have_a_longest(void **state)
{
    (void)state;
    struct asg_holder holder = {.kind = ASG_HOLDER_INSTANCE};
    struct asg_holder back;
    char uri[ASG_HOLDER_SIZE * 2];
    memset(holder.cluster, 'c', sizeof holder.cluster - 1);
    memset(holder.instance_id, 'i', sizeof holder.instance_id - 1);
    asg_holder_uri(&holder, uri);
    assert_status(ASG_OK, asg_holder_read(uri, &back));
    assert_memory_equal(&holder, &back, sizeof back);
    char longer[sizeof uri + 2];
    (void)snprintf(longer, sizeof longer, "%si", uri);
    assert_status(ASG_ERR_MALFORMED, asg_holder_read(longer, &back));
}

static void test_no_certificate_for_an_id_with_control_characters(void **state)
{
    struct place *place = *state;
    static const char *const wrong[] = {"",      "i-1\n", "i-\x1b[2J", "i-\xc2\x9b",
                                        "i-1/x", "../ca", "i-1 ",      "i-1\x01"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct asg_holder holder = instance;
        (void)snprintf(holder.instance_id, sizeof holder.instance_id, "%s", wrong[i]);
        asg_bytes_reset(&place->pem);
        assert_status(ASG_ERR_INVALID,
                      asg_authority_sign(place->authority, place->request.data,
                                         place->request.length, &holder, FROM_MS,
                                         UNTIL_MS, &place->pem, NULL, &place->error));
        for (const char *at = place->error.text; *at != '\0'; at++) {
            assert_true(isprint((unsigned char)*at));
        }
    }
}

/* ---- requests ---- */

static enum asg_status sign_bytes(struct place *place, const void *der, size_t length)
{
    asg_bytes_reset(&place->pem);
    char hash[ASG_KEY_HASH_SIZE] = "untouched";
    enum asg_status status =
        asg_authority_sign(place->authority, der, length, &instance, FROM_MS, UNTIL_MS,
                           &place->pem, NULL, &place->error);
    assert_status(status, asg_certificate_request_key(der, length, hash, &place->error));
    if (status != ASG_OK) {
        assert_string_equal("untouched", hash);
        assert_int_equal(0, place->pem.length);
    }
    return status;
}

static enum asg_status sign_file(struct place *place)
{
    const struct asg_safe_need need = {
        .what = "request", .length_max = 65536, .guard = ASG_SAFE_ANY};
    struct asg_bytes der = {0};
    assert_status(ASG_OK, asg_safe_file_read(path(place, "request.der"), &need, &der,
                                             &place->error));
    enum asg_status status = sign_bytes(place, der.data, der.length);
    asg_bytes_clear(&der);
    return status;
}

static void test_a_request_with_a_broken_byte_is_refused(void **state)
{
    struct place *place = *state;
    size_t length = place->request.length;
    assert_status(ASG_OK, sign_bytes(place, place->request.data, length));
    for (size_t i = 0; i < length; i++) {
        place->request.data[i] ^= 0x10;
        assert_status(ASG_ERR_MALFORMED, sign_bytes(place, place->request.data, length));
        place->request.data[i] ^= 0x10;
        assert_status(ASG_ERR_MALFORMED, sign_bytes(place, place->request.data, i));
    }
    asg_bytes_append_byte(&place->request, 0);
    assert_status(ASG_ERR_MALFORMED, sign_bytes(place, place->request.data, length + 1));
}

static void test_a_request_for_somebody_elses_key_is_refused(void **state)
{
    struct place *place = *state;
    struct asg_tls_key *mine = NULL;
    struct asg_bytes request = {0};
    assert_status(ASG_OK, asg_tls_key_load_or_make("", &mine, &place->error));
    asg_certificate_request(mine, &request);
    /* Both have the same shape: put the other's point into ours. */
    uint8_t *at = memmem(place->request.data, place->request.length, "\x03\x42\x00", 3);
    uint8_t *to = memmem(request.data, request.length, "\x03\x42\x00", 3);
    assert_non_null(at);
    assert_non_null(to);
    memcpy(to, at, 68);
    assert_status(ASG_ERR_MALFORMED, sign_bytes(place, request.data, request.length));
    assert_non_null(strstr(place->error.text, "not signed by its own key"));
    asg_bytes_clear(&request);
    asg_tls_key_destroy(&mine);
}

static void request_with(struct place *place, const char *const make_key[])
{
    char out[8192];
    must_run(place, make_key, out, sizeof out);
    RUN(place, out, "openssl", "req", "-new", "-key", "key.pem", "-subj",
        "/CN=root/O=Somebody", "-addext", "subjectAltName=URI:openasg://c/controller",
        "-outform", "DER", "-out", "request.der");
}

#define REQUEST_WITH(place, ...)                                                         \
    request_with(place,                                                                  \
                 (const char *const[]){"openssl", __VA_ARGS__, "-out", "key.pem", NULL})

static void test_keys_that_are_not_p256_are_refused(void **state)
{
    struct place *place = *state;
    REQUEST_WITH(place, "genpkey", "-algorithm", "RSA", "-pkeyopt",
                 "rsa_keygen_bits:2048");
    assert_status(ASG_ERR_MALFORMED, sign_file(place));
    assert_non_null(strstr(place->error.text, "P-256"));
    REQUEST_WITH(place, "genpkey", "-algorithm", "ED25519");
    assert_status(ASG_ERR_MALFORMED, sign_file(place));
    REQUEST_WITH(place, "ecparam", "-name", "secp384r1", "-genkey", "-noout");
    assert_status(ASG_ERR_MALFORMED, sign_file(place));
    REQUEST_WITH(place, "ecparam", "-name", "secp256k1", "-genkey", "-noout");
    assert_status(ASG_ERR_MALFORMED, sign_file(place));
    /* The same curve, but spelt out; and with its point compressed. */
    REQUEST_WITH(place, "ecparam", "-name", "prime256v1", "-genkey", "-noout",
                 "-param_enc", "explicit");
    assert_status(ASG_ERR_MALFORMED, sign_file(place));
    REQUEST_WITH(place, "ecparam", "-name", "prime256v1", "-genkey", "-noout",
                 "-conv_form", "compressed");
    char out[4096];
    RUN(place, out, "openssl", "ec", "-in", "key.pem", "-conv_form", "compressed", "-out",
        "other");
    RUN(place, out, "openssl", "req", "-new", "-key", "other", "-subj", "/CN=x",
        "-outform", "DER", "-out", "request.der");
    assert_status(ASG_ERR_MALFORMED, sign_file(place));
}

/* What it asks for is not given: the names are ours. */
static void test_what_a_request_asks_for_is_ignored(void **state)
{
    struct place *place = *state;
    struct asg_certificate_facts facts;
    REQUEST_WITH(place, "ecparam", "-name", "prime256v1", "-genkey", "-noout");
    assert_status(ASG_OK, sign_file(place));
    assert_status(ASG_OK, asg_certificate_check(asg_bytes_text(&place->pem),
                                                asg_authority_pem(place->authority),
                                                &facts, &place->error));
    assert_int_equal(ASG_HOLDER_INSTANCE, facts.holder.kind);
    put(path(place, "leaf.pem"), place->pem.data, place->pem.length, 0600);
    char out[8192];
    RUN(place, out, "openssl", "x509", "-in", "leaf.pem", "-noout", "-text");
    assert_null(strstr(out, "Somebody"));
    assert_null(strstr(out, "openasg://c/controller"));
}

/* ---- chains ---- */

static void test_an_authority_is_found_in_a_chain_by_its_fingerprint(void **state)
{
    struct place *place = *state;
    const char *pem = sign(place, &instance, NULL);
    const char *fingerprint = asg_authority_fingerprint(place->authority);
    struct asg_bytes found = {0};
    assert_status(
        ASG_OK, asg_certificate_find_authority(pem, fingerprint, &found, &place->error));
    assert_string_equal(asg_authority_pem(place->authority), asg_bytes_text(&found));
    char upper[ASG_KEY_HASH_SIZE];
    for (size_t i = 0; i < sizeof upper; i++) {
        upper[i] = (char)toupper((unsigned char)fingerprint[i]);
    }
    assert_status(ASG_OK,
                  asg_certificate_find_authority(pem, upper, &found, &place->error));
    size_t length = found.length;
    upper[63] = upper[63] == '0' ? '1' : '0';
    assert_status(ASG_ERR_DENIED,
                  asg_certificate_find_authority(pem, upper, &found, &place->error));
    assert_status(ASG_ERR_DENIED,
                  asg_certificate_find_authority(pem, "", &found, &place->error));
    assert_status(ASG_ERR_DENIED, asg_certificate_find_authority("no chain", fingerprint,
                                                                 &found, &place->error));
    assert_int_equal(length, found.length);
    asg_bytes_clear(&found);
}

/* ---- openssl(1) agrees ---- */

static void test_openssl_verifies_what_is_signed(void **state)
{
    struct place *place = *state;
    struct asg_certificate_facts facts;
    char out[16384];
    int64_t now_ms = (int64_t)time(NULL) * 1000;
    asg_bytes_reset(&place->pem);
    assert_status(ASG_OK, asg_authority_sign(place->authority, place->request.data,
                                             place->request.length, &instance,
                                             now_ms - 3600000, now_ms + 3600000,
                                             &place->pem, &facts, &place->error));
    put(path(place, "leaf.pem"), place->pem.data, place->pem.length, 0600);
    RUN(place, out, "openssl", "verify", "-x509_strict", "-purpose", "sslserver",
        "-CAfile", "ca.pem", "leaf.pem");
    RUN(place, out, "openssl", "verify", "-x509_strict", "-purpose", "sslclient",
        "-CAfile", "ca.pem", "leaf.pem");
    RUN(place, out, "openssl", "x509", "-in", "leaf.pem", "-noout", "-text");
    assert_non_null(strstr(out, "URI:openasg://0123456789abcdef0123456789abcdef/instance/"
                                "i-0123456789abcdef0"));
    assert_non_null(
        strstr(out, "TLS Web Server Authentication, TLS Web Client Authentication"));
    assert_non_null(strstr(out, "CA:FALSE"));
    assert_non_null(strstr(out, "Digital Signature"));
    assert_non_null(strstr(out, "ecdsa-with-SHA256"));
    RUN(place, out, "openssl", "x509", "-in", "leaf.pem", "-noout", "-serial");
    for (char *at = out; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    assert_non_null(strstr(out, facts.serial));
    RUN(place, out, "openssl", "x509", "-in", "ca.pem", "-noout", "-text");
    assert_non_null(strstr(out, "CA:TRUE, pathlen:0"));
    assert_non_null(strstr(out, "Certificate Sign"));
    put(path(place, "request.der"), place->request.data, place->request.length, 0600);
    RUN(place, out, "openssl", "req", "-in", "request.der", "-inform", "DER", "-noout",
        "-verify");
}

static void test_the_fingerprint_is_that_of_openssl(void **state)
{
    struct place *place = *state;
    char out[1024];
    RUN(place, out, "openssl", "x509", "-in", "ca.pem", "-noout", "-fingerprint",
        "-sha256");
    char plain[ASG_KEY_HASH_SIZE] = "";
    size_t length = 0;
    for (const char *at = strchr(out, '=') + 1; *at != '\0' && length < 64; at++) {
        if (isxdigit((unsigned char)*at)) plain[length++] = (char)tolower(*at);
    }
    assert_string_equal(plain, asg_authority_fingerprint(place->authority));
}

/* ---- files ---- */

static void reload(struct place *place, enum asg_status wanted)
{
    asg_authority_destroy(&place->authority);
    place->error.text[0] = '\0';
    assert_status(wanted, asg_authority_load_or_make(place->folder, &place->authority,
                                                     &place->error));
}

static void test_the_authority_is_found_again(void **state)
{
    struct place *place = *state;
    char before[ASG_KEY_HASH_SIZE];
    (void)snprintf(before, sizeof before, "%s",
                   asg_authority_fingerprint(place->authority));
    struct stat about;
    assert_int_equal(0, stat(path(place, "ca.key"), &about));
    assert_int_equal(0600, about.st_mode & 07777);
    assert_int_equal(0, stat(path(place, "ca.pem"), &about));
    assert_int_equal(0644, about.st_mode & 07777);
    reload(place, ASG_OK);
    assert_string_equal(before, asg_authority_fingerprint(place->authority));
}

/* Whoever makes it may die when the key is on the disk and the certificate, or half of
 * it, is not. */
static void test_an_authority_half_made_is_finished(void **state)
{
    struct place *place = *state;
    char before[1024];
    char after[1024];
    RUN(place, before, "openssl", "pkey", "-in", "ca.key", "-pubout");
    put(path(place, "ca.pem.new"), "-----BEGIN", 10, 0644);
    assert_int_equal(0, unlink(path(place, "ca.pem")));
    reload(place, ASG_OK);
    RUN(place, after, "openssl", "x509", "-in", "ca.pem", "-noout", "-pubkey");
    assert_string_equal(before, after);
    char made[ASG_KEY_HASH_SIZE];
    (void)snprintf(made, sizeof made, "%s", asg_authority_fingerprint(place->authority));
    reload(place, ASG_OK);
    assert_string_equal(made, asg_authority_fingerprint(place->authority));
    assert_int_equal(-1, access(path(place, "ca.pem.new"), F_OK));
    /* Before that, half a key: nobody had it. */
    assert_int_equal(0, unlink(path(place, "ca.pem")));
    assert_int_equal(0, unlink(path(place, "ca.key")));
    put(path(place, "ca.key.new"), "-----BEGIN", 10, 0600);
    reload(place, ASG_OK);
    assert_string_not_equal(made, asg_authority_fingerprint(place->authority));
}

static void test_a_key_that_others_may_read_is_refused(void **state)
{
    struct place *place = *state;
    static const mode_t modes[] = {0644, 0640, 0604, 0620, 0601};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(0, chmod(path(place, "ca.key"), modes[i]));
        reload(place, ASG_ERR_DENIED);
        assert_non_null(strstr(place->error.text, "ca.key"));
        assert_non_null(strstr(place->error.text, "chmod 600"));
    }
    struct asg_tls_key *key = NULL;
    assert_status(
        ASG_OK, asg_tls_key_load_or_make(path(place, "agent.key"), &key, &place->error));
    asg_tls_key_destroy(&key);
    assert_int_equal(0, chmod(path(place, "agent.key"), 0644));
    assert_status(ASG_ERR_DENIED, asg_tls_key_load_or_make(path(place, "agent.key"), &key,
                                                           &place->error));
    assert_null(key);
}

static void test_certificates_that_others_may_write_are_refused(void **state)
{
    struct place *place = *state;
    assert_int_equal(0, chmod(path(place, "ca.pem"), 0664));
    reload(place, ASG_ERR_DENIED);
    assert_non_null(strstr(place->error.text, "chmod go-w"));
}

/* Died between the key and its certificate: nobody has seen one yet. */
static void test_a_key_without_its_certificate_gets_one(void **state)
{
    struct place *place = *state;
    assert_int_equal(0, unlink(path(place, "ca.pem")));
    put(path(place, "ca.pem.new"), "-----BEGIN CERT", 15, 0600);
    put(path(place, "ca.key.new"), "-----BEGIN PRIV", 15, 0600);
    reload(place, ASG_OK);
    assert_int_not_equal(0, access(path(place, "ca.pem.new"), F_OK));
    char out[4096];
    RUN(place, out, "openssl", "verify", "-CAfile", "ca.pem", "ca.pem");
}

/* Died at the very first write. */
static void test_leftovers_of_a_first_start_that_died_do_no_harm(void **state)
{
    struct place *place = *state;
    assert_int_equal(0, unlink(path(place, "ca.pem")));
    assert_int_equal(0, unlink(path(place, "ca.key")));
    put(path(place, "ca.key.new"), "-----BEGIN PRIV", 15, 0600);
    reload(place, ASG_OK);
    assert_int_not_equal(0, access(path(place, "ca.key.new"), F_OK));
}

static void test_a_certificate_without_its_key_is_an_error(void **state)
{
    struct place *place = *state;
    assert_int_equal(0, unlink(path(place, "ca.key")));
    reload(place, ASG_ERR_NOT_FOUND);
    assert_non_null(strstr(place->error.text, "backup"));
    assert_int_not_equal(0, access(path(place, "ca.key"), F_OK));
}

static void test_cut_and_foreign_files_are_refused(void **state)
{
    struct place *place = *state;
    assert_int_equal(0, truncate(path(place, "ca.key"), 40));
    reload(place, ASG_ERR_MALFORMED);
    assert_non_null(strstr(place->error.text, "ca.key"));
    assert_int_equal(0, truncate(path(place, "ca.key"), 0));
    reload(place, ASG_ERR_MALFORMED);
    assert_int_equal(0, unlink(path(place, "ca.key")));
    struct asg_tls_key *key = NULL; /* a good key, but another one */
    assert_status(ASG_OK,
                  asg_tls_key_load_or_make(path(place, "ca.key"), &key, &place->error));
    asg_tls_key_destroy(&key);
    reload(place, ASG_ERR_MALFORMED);
    assert_non_null(strstr(place->error.text, "ca.pem"));
    assert_int_equal(0, truncate(path(place, "ca.pem"), 100));
    reload(place, ASG_ERR_MALFORMED);
}

/* The key changes first, then the order in ca.pem: a crash in between is no harm. */
static void test_the_certificate_of_the_key_signs_wherever_it_stands(void **state)
{
    struct place *place = *state;
    struct place *other = NULL;
    assert_int_equal(0, set_up((void **)&other));
    struct asg_bytes both = {0};
    asg_bytes_append_text(&both, asg_authority_pem(other->authority));
    asg_bytes_append_text(&both, asg_authority_pem(place->authority));
    assert_status(ASG_OK, asg_safe_file_replace(path(place, "ca.pem"), 0644, both.data,
                                                both.length, &place->error));
    char own[ASG_KEY_HASH_SIZE];
    (void)snprintf(own, sizeof own, "%s", asg_authority_fingerprint(place->authority));
    reload(place, ASG_OK);
    assert_string_equal(own, asg_authority_fingerprint(place->authority));
    assert_int_equal(both.length, strlen(asg_authority_pem(place->authority)));
    struct asg_certificate_facts facts;
    const char *old = sign(other, &instance, NULL); /* the other is trusted too */
    assert_status(ASG_OK, asg_certificate_check(old, asg_authority_pem(place->authority),
                                                &facts, &place->error));
    asg_bytes_clear(&both);
    assert_int_equal(0, tear_down((void **)&other));
}

static void test_a_link_to_a_key_is_read_and_never_written_through(void **state)
{
    struct place *place = *state;
    struct asg_tls_key *key = NULL;
    assert_int_equal(0, symlink("target", path(place, "link")));
    assert_status(ASG_ERR_EXISTS,
                  asg_tls_key_load_or_make(path(place, "link"), &key, &place->error));
    assert_int_not_equal(0, access(path(place, "target"), F_OK));
    struct asg_bytes text = {0};
    asg_tls_key_pem(place->key, &text);
    put(path(place, "target"), text.data, text.length, 0600);
    assert_status(ASG_OK,
                  asg_tls_key_load_or_make(path(place, "link"), &key, &place->error));
    char hashes[2][ASG_KEY_HASH_SIZE];
    asg_tls_key_hash(key, hashes[0]);
    asg_tls_key_hash(place->key, hashes[1]);
    assert_string_equal(hashes[1], hashes[0]);
    asg_tls_key_destroy(&key);
    asg_safe_bytes_clear(&text);
}

/* How many enrolments a core signs: printed, and held against a floor that a busy machine
 * keeps too. */
static void test_hundreds_of_enrolments_a_second(void **state)
{
    struct place *place = *state;
    struct timespec begin;
    struct timespec end;
    enum { COUNT = 200 };
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (int i = 0; i < COUNT; i++)
        (void)sign(place, &instance, NULL);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double seconds =
        (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    print_message("%.0f certificates signed a second of one core\n", COUNT / seconds);
    assert_true(COUNT / seconds > 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_signed_names_its_holder_and_key),
        TEST(test_the_controller_has_a_name_of_its_own),
        TEST(test_serials_are_drawn),
        TEST(test_an_expired_certificate_is_given_back_and_not_judged),
        TEST(test_times_may_be_far_and_never_backwards),
        TEST(test_another_authority_is_not_believed),
        TEST(test_the_authority_is_no_holder),
        TEST(test_a_leaf_signs_nothing),
        TEST(test_one_name_and_no_other_beside_it),
        TEST(test_kinds_of_certificates_that_are_not_ours_are_refused),
        TEST(test_names_are_read_as_they_are_written),
        TEST(test_names_have_a_longest),
        TEST(test_no_certificate_for_an_id_with_control_characters),
        TEST(test_a_request_with_a_broken_byte_is_refused),
        TEST(test_a_request_for_somebody_elses_key_is_refused),
        TEST(test_keys_that_are_not_p256_are_refused),
        TEST(test_what_a_request_asks_for_is_ignored),
        TEST(test_an_authority_is_found_in_a_chain_by_its_fingerprint),
        TEST(test_openssl_verifies_what_is_signed),
        TEST(test_the_fingerprint_is_that_of_openssl),
        TEST(test_the_authority_is_found_again),
        TEST(test_an_authority_half_made_is_finished),
        TEST(test_a_key_that_others_may_read_is_refused),
        TEST(test_certificates_that_others_may_write_are_refused),
        TEST(test_a_key_without_its_certificate_gets_one),
        TEST(test_leftovers_of_a_first_start_that_died_do_no_harm),
        TEST(test_a_certificate_without_its_key_is_an_error),
        TEST(test_cut_and_foreign_files_are_refused),
        TEST(test_the_certificate_of_the_key_signs_wherever_it_stands),
        TEST(test_a_link_to_a_key_is_read_and_never_written_through),
        TEST(test_hundreds_of_enrolments_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
