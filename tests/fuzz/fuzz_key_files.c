/* fuzz_key_files - any bytes as a file of keys, a chain of certificates, a request for
 * one or the name in one: each is read within its bounds, refused in words, and never
 * asks for a passphrase.
 *
 * Input: the first byte says what the rest is.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bus/keys.h"
#include "crypto/certificates.h"
#include "crypto/sign.h"
#include "lib/fuzz_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum asg_status status, const struct asg_error *error)
{
    assert((status == ASG_OK) == (error->text[0] == '\0'));
}

static void read_curve(const char *path)
{
    struct asg_error error = {""};
    struct asg_bus_keys keys;
    enum asg_status status = asg_bus_keys_load_or_make(path, &keys, &error);
    check(status, &error);
    if (status == ASG_OK) {
        assert(asg_bus_is_key(keys.public_key) && asg_bus_is_key(keys.secret_key));
        asg_bus_keys_clear(&keys);
    }
    char beside[128];
    (void)snprintf(beside, sizeof beside, "%s.pub", path);
    (void)unlink(beside);
    char public_key[ASG_BUS_KEY_SIZE];
    error.text[0] = '\0';
    status = asg_bus_public_key_load(path, public_key, &error);
    check(status, &error);
    assert(status != ASG_OK || asg_bus_is_key(public_key));
}

static void read_signing(const char *path)
{
    struct asg_error error = {""};
    struct asg_sign_key *key = NULL;
    check(asg_sign_key_read_public(path, &key, &error), &error);
    asg_sign_key_destroy(&key);
    bool is_new = false;
    error.text[0] = '\0';
    check(asg_sign_key_load_or_make(path, &is_new, &key, &error), &error);
    assert(!is_new);
    asg_sign_key_destroy(&key);
}

static void read_tls(const char *path)
{
    struct asg_error error = {""};
    struct asg_tls_key *key = NULL;
    check(asg_tls_key_load_or_make(path, &key, &error), &error);
    asg_tls_key_destroy(&key);
}

static void read_chain(const char *pem)
{
    struct asg_error error = {""};
    struct asg_certificate_facts facts;
    struct asg_bytes found = {0};
    check(asg_certificate_check(pem, pem, &facts, &error), &error);
    char fingerprint[65];
    memset(fingerprint, 'a', 64);
    fingerprint[64] = '\0';
    error.text[0] = '\0';
    check(asg_certificate_find_authority(pem, fingerprint, &found, &error), &error);
    asg_bytes_clear(&found);
}

static void read_request(const uint8_t *data, size_t size)
{
    struct asg_error error = {""};
    char hash[ASG_KEY_HASH_SIZE];
    check(asg_certificate_request_key(data, size, hash, &error), &error);
}

static void read_holder(const char *uri)
{
    struct asg_holder holder;
    if (asg_holder_read(uri, &holder) != ASG_OK) return;
    char again[ASG_HOLDER_SIZE * 2];
    asg_holder_uri(&holder, again);
    assert(strcmp(again, uri) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    char *text = malloc(size);
    assert(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % 6) {
    case 0: read_curve(fuzz_file(data + 1, size - 1)); break;
    case 1: read_signing(fuzz_file(data + 1, size - 1)); break;
    case 2: read_tls(fuzz_file(data + 1, size - 1)); break;
    case 3: read_chain(text); break;
    case 4: read_request(data + 1, size - 1); break;
    default: read_holder(text); break;
    }
    free(text);
    return 0;
}
