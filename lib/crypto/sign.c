#include "crypto/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/arena.h"
#include "crypto/crypto.h"

#define PUBLIC_BYTES 32
#define PEM_MAX      4096

struct asg_sign_key {
    EVP_PKEY *pair;
};

/* OpenSSL fails here only when it is broken or memory is gone. */
static void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "openasg: OpenSSL failed at %s; stopping\n", what);
    abort();
}

static void keep(EVP_PKEY *pair, struct asg_sign_key **ret)
{
    struct asg_sign_key *key = asg_alloc(1, sizeof *key);
    key->pair = pair;
    *ret = key;
}

void asg_sign_key_destroy(struct asg_sign_key **key)
{
    if (*key == NULL) return;
    EVP_PKEY_free((*key)->pair);
    free(*key);
    *key = NULL;
}

/* The file's text in `text`; -1 with errno when it cannot be read or is too long. */
static ssize_t read_text(int file, char text[PEM_MAX])
{
    size_t length = 0;
    for (;;) {
        ssize_t got = read(file, text + length, PEM_MAX - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) return (ssize_t)length;
        length += (size_t)got;
        if (length == PEM_MAX) {
            errno = EFBIG;
            return -1;
        }
    }
}

/* Nobody is asked for a passphrase: a key that has one is refused. */
static int no_passphrase(char *buffer, int size, int is_writing, void *context)
{
    if (size > 0) buffer[0] = '\0';
    (void)is_writing;
    (void)context;
    return 0;
}

static EVP_PKEY *parse(const char *text, size_t length, bool is_private)
{
    BIO *memory = BIO_new_mem_buf(text, (int)length);
    must(memory != NULL, "BIO_new_mem_buf");
    EVP_PKEY *pair = is_private
                         ? PEM_read_bio_PrivateKey(memory, NULL, no_passphrase, NULL)
                         : PEM_read_bio_PUBKEY(memory, NULL, no_passphrase, NULL);
    BIO_free(memory);
    ERR_clear_error();
    if (pair != NULL && EVP_PKEY_get_base_id(pair) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(pair);
        return NULL;
    }
    return pair;
}

static enum asg_status fail_file(struct asg_error *error, const char *path)
{
    enum asg_status status = ASG_ERR_IO;
    if (errno == ENOENT) status = ASG_ERR_NOT_FOUND;
    if (errno == EACCES || errno == EPERM) status = ASG_ERR_DENIED;
    return asg_fail(error, status, "%s: %s", path, strerror(errno));
}

static enum asg_status read_private(const char *path, int file, EVP_PKEY **ret,
                                    struct asg_error *error)
{
    struct stat about;
    if (fstat(file, &about) != 0) return fail_file(error, path);
    if ((about.st_mode & 077) != 0) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "%s: others may read this private key (mode %03o): chmod 600 it, "
                        "and make a new one if somebody did",
                        path, (unsigned)about.st_mode & 0777);
    }
    char text[PEM_MAX];
    ssize_t length = read_text(file, text);
    if (length < 0) return fail_file(error, path);
    *ret = parse(text, (size_t)length, /* is_private */ true);
    asg_secret_wipe(text, sizeof text);
    if (*ret != NULL) return ASG_OK;
    return asg_fail(error, ASG_ERR_MALFORMED,
                    "%s is no Ed25519 private key in PEM without a passphrase; `openssl "
                    "genpkey -algorithm ed25519` makes one, and so do we when there is "
                    "no file of this name",
                    path);
}

static bool write_all(int file, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t put = write(file, data, length);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        data += put;
        length -= (size_t)put;
    }
    return fsync(file) == 0;
}

static enum asg_status make_private(const char *path, EVP_PKEY **ret,
                                    struct asg_error *error)
{
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    must(pair != NULL, "EVP_PKEY_Q_keygen");
    BIO *memory = BIO_new(BIO_s_secmem());
    must(memory != NULL, "BIO_new");
    must(PEM_write_bio_PKCS8PrivateKey(memory, pair, NULL, NULL, 0, NULL, NULL) == 1,
         "PEM_write_bio_PKCS8PrivateKey");
    char *text = NULL;
    long length = BIO_get_mem_data(memory, &text);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_written = file >= 0 && write_all(file, text, (size_t)length);
    int why = errno;
    if (file >= 0) (void)close(file);
    if (file >= 0 && !is_written) (void)unlink(path);
    BIO_free(memory);
    if (is_written) {
        *ret = pair;
        return ASG_OK;
    }
    EVP_PKEY_free(pair);
    errno = why;
    return fail_file(error, path);
}

enum asg_status asg_sign_key_load_or_make(const char *path, bool *ret_is_new,
                                          struct asg_sign_key **ret,
                                          struct asg_error *error)
{
    EVP_PKEY *pair = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    *ret_is_new = file < 0 && errno == ENOENT;
    if (file < 0 && !*ret_is_new) return fail_file(error, path);
    enum asg_status status = *ret_is_new ? make_private(path, &pair, error)
                                         : read_private(path, file, &pair, error);
    if (file >= 0) (void)close(file);
    if (status == ASG_OK) keep(pair, ret);
    return status;
}

enum asg_status asg_sign_key_read_public(const char *path, struct asg_sign_key **ret,
                                         struct asg_error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return fail_file(error, path);
    char text[PEM_MAX];
    ssize_t length = read_text(file, text);
    int why = errno;
    (void)close(file);
    errno = why;
    if (length < 0) return fail_file(error, path);
    EVP_PKEY *pair = parse(text, (size_t)length, /* is_private */ false);
    if (pair == NULL) pair = parse(text, (size_t)length, /* is_private */ true);
    asg_secret_wipe(text, sizeof text);
    if (pair == NULL) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "%s is no Ed25519 public key in PEM; `openasg log sign --public` "
                        "prints the one that belongs to the signer",
                        path);
    }
    keep(pair, ret);
    return ASG_OK;
}

void asg_sign_key_id(const struct asg_sign_key *key, char ret[ASG_KEY_ID_TEXT_SIZE])
{
    uint8_t bytes[PUBLIC_BYTES];
    size_t length = sizeof bytes;
    must(EVP_PKEY_get_raw_public_key(key->pair, bytes, &length) == 1,
         "EVP_PKEY_get_raw_public_key");
    uint8_t hash[ASG_SHA256_BYTES];
    asg_sha256(bytes, length, hash);
    asg_hex_encode(hash, (ASG_KEY_ID_TEXT_SIZE - 1) / 2, ret);
}

void asg_sign_key_public_pem(const struct asg_sign_key *key, struct asg_bytes *ret)
{
    BIO *memory = BIO_new(BIO_s_mem());
    must(memory != NULL, "BIO_new");
    must(PEM_write_bio_PUBKEY(memory, key->pair) == 1, "PEM_write_bio_PUBKEY");
    char *text = NULL;
    long length = BIO_get_mem_data(memory, &text);
    asg_bytes_append(ret, text, (size_t)length);
    BIO_free(memory);
}

void asg_sign(const struct asg_sign_key *key, const void *data, size_t length,
              uint8_t ret[ASG_SIGNATURE_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL, "EVP_MD_CTX_new");
    size_t made = ASG_SIGNATURE_BYTES;
    must(EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) == 1 &&
             EVP_DigestSign(context, ret, &made, data, length) == 1 &&
             made == ASG_SIGNATURE_BYTES,
         "EVP_DigestSign");
    EVP_MD_CTX_free(context);
}

bool asg_sign_is_valid(const struct asg_sign_key *key, const void *data, size_t length,
                       const uint8_t signature[ASG_SIGNATURE_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL, "EVP_MD_CTX_new");
    must(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pair) == 1,
         "EVP_DigestVerifyInit");
    bool is_valid =
        EVP_DigestVerify(context, signature, ASG_SIGNATURE_BYTES, data, length) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_valid;
}
