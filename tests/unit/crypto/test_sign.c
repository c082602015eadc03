/* Ed25519 keys in files, signatures, and what is refused. */
#include "crypto/sign.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "lib/check.h"

struct place {
    char folder[64];
    char path[96];
};

static int set_up(void **state)
{
    static struct place place;
    (void)snprintf(place.folder, sizeof place.folder, "/tmp/asg-sign-XXXXXX");
    if (mkdtemp(place.folder) == NULL) return 1;
    (void)snprintf(place.path, sizeof place.path, "%s/audit.key", place.folder);
    *state = &place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    (void)unlink(place->path);
    return rmdir(place->folder);
}

static void put(const struct place *place, const char *text, mode_t mode)
{
    (void)unlink(place->path);
    int file = open(place->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(strlen(text), write(file, text, strlen(text)));
    assert_int_equal(0, fchmod(file, mode));
    assert_int_equal(0, close(file));
}

static void test_a_key_is_made_for_its_owner_alone_and_found_again(void **state)
{
    struct place *place = *state;
    struct asg_error error = {""};
    struct asg_sign_key *made = NULL;
    struct asg_sign_key *found = NULL;
    bool is_new = false;
    assert_status(ASG_OK, asg_sign_key_load_or_make(place->path, &is_new, &made, &error));
    assert_true(is_new);
    struct stat about;
    assert_int_equal(0, stat(place->path, &about));
    assert_int_equal(0600, about.st_mode & 07777);
    assert_status(ASG_OK,
                  asg_sign_key_load_or_make(place->path, &is_new, &found, &error));
    assert_false(is_new);
    char ids[2][ASG_KEY_ID_TEXT_SIZE];
    asg_sign_key_id(made, ids[0]);
    asg_sign_key_id(found, ids[1]);
    assert_string_equal(ids[0], ids[1]);
    uint8_t signature[ASG_SIGNATURE_BYTES];
    asg_sign(found, "head", 4, signature);
    assert_true(asg_sign_is_valid(made, "head", 4, signature));
    assert_false(asg_sign_is_valid(made, "heat", 4, signature));
    signature[5] ^= 1;
    assert_false(asg_sign_is_valid(made, "head", 4, signature));
    asg_sign_key_destroy(&made);
    asg_sign_key_destroy(&found);
}

/* RFC 8032, 7.1, test 2: one byte, 72. */
static void test_signatures_are_those_of_the_standard(void **state)
{
    struct place *place = *state;
    put(place,
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
        "-----END PRIVATE KEY-----\n",
        0600);
    struct asg_error error = {""};
    struct asg_sign_key *key = NULL;
    bool is_new = true;
    enum asg_status status =
        asg_sign_key_load_or_make(place->path, &is_new, &key, &error);
    if (status != ASG_OK) fail_msg("%s", error.text);
    uint8_t signature[ASG_SIGNATURE_BYTES];
    asg_sign(key, "\x72", 1, signature);
    char hex[2 * ASG_SIGNATURE_BYTES + 1];
    asg_hex_encode(signature, sizeof signature, hex);
    assert_string_equal(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        hex);
    asg_sign_key_destroy(&key);
}

static void test_a_public_key_travels_as_pem(void **state)
{
    struct place *place = *state;
    struct asg_error error = {""};
    struct asg_sign_key *pair = NULL;
    struct asg_sign_key *public_key = NULL;
    bool is_new = false;
    assert_status(ASG_OK, asg_sign_key_load_or_make(place->path, &is_new, &pair, &error));
    struct asg_bytes pem = {0};
    asg_sign_key_public_pem(pair, &pem);
    assert_null(strstr(asg_bytes_text(&pem), "PRIVATE"));
    put(place, asg_bytes_text(&pem), 0644);
    assert_status(ASG_OK, asg_sign_key_read_public(place->path, &public_key, &error));
    uint8_t signature[ASG_SIGNATURE_BYTES];
    asg_sign(pair, "head", 4, signature);
    assert_true(asg_sign_is_valid(public_key, "head", 4, signature));
    asg_sign_key_destroy(&pair);
    asg_sign_key_destroy(&public_key);
    asg_bytes_clear(&pem);
}

static void test_what_is_no_key_is_refused_by_name(void **state)
{
    struct place *place = *state;
    static const char *const texts[] = {
        "", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        /* P-256 */
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
        "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
        "-----END PUBLIC KEY-----\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put(place, texts[i], 0600);
        struct asg_error error = {""};
        struct asg_sign_key *key = NULL;
        bool is_new = false;
        assert_status(ASG_ERR_MALFORMED,
                      asg_sign_key_load_or_make(place->path, &is_new, &key, &error));
        assert_non_null(strstr(error.text, place->path));
        assert_status(ASG_ERR_MALFORMED,
                      asg_sign_key_read_public(place->path, &key, &error));
        assert_null(key);
    }
}

static void test_a_private_key_that_others_may_read_is_refused(void **state)
{
    struct place *place = *state;
    struct asg_error error = {""};
    struct asg_sign_key *key = NULL;
    bool is_new = false;
    assert_status(ASG_OK, asg_sign_key_load_or_make(place->path, &is_new, &key, &error));
    asg_sign_key_destroy(&key);
    assert_int_equal(0, chmod(place->path, 0640));
    assert_status(ASG_ERR_DENIED,
                  asg_sign_key_load_or_make(place->path, &is_new, &key, &error));
    assert_non_null(strstr(error.text, "640"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_is_made_for_its_owner_alone_and_found_again),
        TEST(test_signatures_are_those_of_the_standard),
        TEST(test_a_public_key_travels_as_pem),
        TEST(test_what_is_no_key_is_refused_by_name),
        TEST(test_a_private_key_that_others_may_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
