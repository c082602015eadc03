/* certificates_authority - the authority's files, and what it signs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/safe_file.h"
#include "crypto/certificates_parts.h"
#include "crypto/crypto.h"

#define SERIAL_BYTES      20 /* the most that RFC 5280, 4.1.2.2, allows */
#define AUTHORITY_SECONDS ((int64_t)3650 * 86400)
#define FROM_S            ((int64_t)1577836800) /* 2020: no instance's clock is behind it */
#define PEM_BYTES_MAX     ((size_t)ASG_CHAIN_MAX * 4096)
#define COMMON_NAME_MAX   64 /* RFC 5280, ub-common-name */
#define LEAF_EXTENSIONS   4

struct asg_authority {
    EVP_PKEY *pair;
    X509 *certificate;
    X509_EXTENSION *extensions[LEAF_EXTENSIONS]; /* those that all leaves share */
    char fingerprint[ASG_KEY_HASH_SIZE];
    struct asg_bytes own;     /* PEM of the certificate */
    struct asg_bytes trusted; /* and of those trusted as well */
};

/* ---- certificates ---- */

static X509_EXTENSION *new_extension(X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, issuer, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    asg_x509_must(extension != NULL, value);
    return extension;
}

static void add_extension(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = new_extension(certificate, kind, value);
    asg_x509_must(X509_add_ext(certificate, extension, -1) == 1, "X509_add_ext");
    X509_EXTENSION_free(extension);
}

static void set_serial(X509 *certificate)
{
    uint8_t bytes[SERIAL_BYTES];
    asg_random_bytes(bytes, sizeof bytes);
    bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40); /* positive, and always 20 bytes */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    asg_x509_must(number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(
                                                                   certificate)) != NULL,
                  "a serial number");
    BN_free(number);
}

static void set_subject(X509 *certificate, const char *common_name)
{
    char name[COMMON_NAME_MAX + 1];
    (void)snprintf(name, sizeof name, "%s", common_name);
    X509_NAME *subject = X509_get_subject_name(certificate);
    asg_x509_must(
        X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
                                   (const unsigned char *)"openasg", -1, -1, 0) == 1 &&
            X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                       (const unsigned char *)name, -1, -1, 0) == 1,
        "X509_NAME_add_entry_by_txt");
}

/* False: not times that a certificate can say. */
static bool set_times(X509 *certificate, int64_t from_s, int64_t until_s)
{
    return from_s < until_s &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)from_s) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)until_s) != NULL;
}

static X509 *new_certificate(EVP_PKEY *key, const char *common_name)
{
    X509 *certificate = X509_new();
    asg_x509_must(certificate != NULL &&
                      X509_set_version(certificate, X509_VERSION_3) == 1 &&
                      X509_set_pubkey(certificate, key) == 1,
                  "X509_new");
    set_serial(certificate);
    set_subject(certificate, common_name);
    return certificate;
}

static void seal(X509 *certificate, EVP_PKEY *pair)
{
    asg_x509_must(X509_sign(certificate, pair, EVP_sha256()) > 0, "X509_sign");
}

/* Its subject holds a part of the key's hash: two authorities never share a name. */
X509 *asg_x509_new_authority(EVP_PKEY *pair)
{
    X509_PUBKEY *public_half = NULL;
    char hash[ASG_KEY_HASH_SIZE];
    asg_x509_must(X509_PUBKEY_set(&public_half, pair) == 1 &&
                      asg_x509_key_hash(public_half, hash) == ASG_OK,
                  "the hash of a key");
    X509_PUBKEY_free(public_half);
    char name[COMMON_NAME_MAX + 1];
    (void)snprintf(name, sizeof name, "openasg authority %.16s", hash);
    X509 *certificate = new_certificate(pair, name);
    int64_t now_s = (int64_t)time(NULL);
    asg_x509_must(
        set_times(certificate, FROM_S, now_s + AUTHORITY_SECONDS) &&
            X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1,
        "an authority");
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(certificate, NID_subject_key_identifier, "hash");
    seal(certificate, pair);
    return certificate;
}

/* ---- files ---- */

static void path_of(const char *folder, const char *name, char ret[ASG_SAFE_PATH_MAX])
{
    (void)snprintf(ret, ASG_SAFE_PATH_MAX, "%s/%s", folder, name);
}

enum asg_status asg_x509_load_chain(const char *path, bool is_own,
                                    X509 *ret[ASG_CHAIN_MAX], size_t *ret_count,
                                    struct asg_error *error)
{
    const struct asg_safe_need need = {.what = "certificates of the authority",
                                       .length_max = PEM_BYTES_MAX,
                                       .guard = ASG_SAFE_FIXED,
                                       .is_own = is_own};
    struct asg_bytes text = {0};
    enum asg_status status = asg_safe_file_read(path, &need, &text, error);
    if (status == ASG_OK) {
        *ret_count =
            asg_x509_read_chain(asg_bytes_text(&text), text.length, ASG_CHAIN_MAX, ret);
    }
    asg_bytes_clear(&text);
    return status;
}

static enum asg_status load_pair(const char *folder, bool may_make, EVP_PKEY **ret,
                                 struct asg_error *error)
{
    char path[ASG_SAFE_PATH_MAX];
    path_of(folder, "ca.key", path);
    enum asg_status status = asg_x509_load_private(path, /* is_own */ true, ret, error);
    if (status != ASG_ERR_NOT_FOUND) return status;
    if (may_make) return asg_x509_make_private(path, ret, error);
    return asg_fail(
        error, ASG_ERR_NOT_FOUND,
        "%s is missing, and ca.pem beside it exists: restore the key from a "
        "backup; without one, move ca.pem away: a new authority is created, and running "
        "instances have to be replaced, because none of them trusts it",
        path);
}

static void print_chain(struct asg_authority *authority, X509 *chain[], size_t count)
{
    asg_x509_append(authority->certificate, &authority->own);
    asg_bytes_append(&authority->trusted, authority->own.data, authority->own.length);
    for (size_t i = 0; i < count; i++) {
        if (X509_cmp(chain[i], authority->certificate) != 0) {
            asg_x509_append(chain[i], &authority->trusted);
        }
    }
    (void)asg_bytes_text(&authority->trusted); /* its closing zero */
}

/* The certificate that belongs to the key signs, wherever in ca.pem it stands: while an
 * authority is rotated the key changes first. */
X509 *asg_x509_find_own(EVP_PKEY *pair, X509 *chain[], size_t count)
{
    X509 *own = NULL;
    for (size_t i = 0; i < count && own == NULL; i++) {
        if (X509_check_private_key(chain[i], pair) == 1 &&
            (X509_get_extension_flags(chain[i]) & EXFLAG_CA) != 0) {
            own = chain[i];
        }
    }
    ERR_clear_error();
    return own;
}

static void keep(struct asg_authority *authority)
{
    static const struct {
        int kind;
        const char *value;
    } wanted[LEAF_EXTENSIONS] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth,clientAuth"},
        {NID_authority_key_identifier, "keyid:always"},
    };
    for (size_t i = 0; i < LEAF_EXTENSIONS; i++) {
        authority->extensions[i] =
            new_extension(authority->certificate, wanted[i].kind, wanted[i].value);
    }
    asg_x509_fingerprint(authority->certificate, authority->fingerprint);
}

static enum asg_status load(const char *folder, struct asg_authority *authority,
                            struct asg_error *error)
{
    char path[ASG_SAFE_PATH_MAX];
    path_of(folder, "ca.pem", path);
    X509 *chain[ASG_CHAIN_MAX];
    size_t count = 0;
    enum asg_status status =
        asg_x509_load_chain(path, /* is_own */ true, chain, &count, error);
    bool is_first = status == ASG_ERR_NOT_FOUND;
    if (status != ASG_OK && !is_first) return status;
    status = load_pair(folder, is_first, &authority->pair, error);
    if (status == ASG_OK && !is_first) {
        authority->certificate = asg_x509_find_own(authority->pair, chain, count);
        if (authority->certificate != NULL) {
            asg_x509_must(X509_up_ref(authority->certificate) == 1, "X509_up_ref");
        } else {
            status = asg_fail(error, ASG_ERR_MALFORMED,
                              "%s holds %zu certificates and none of the authority whose "
                              "key is ca.key beside it; put back the file that belongs "
                              "to the key",
                              path, count);
        }
    } else if (status == ASG_OK) {
        authority->certificate = asg_x509_new_authority(authority->pair);
    }
    if (status == ASG_OK) print_chain(authority, chain, count);
    asg_x509_free_chain(chain, count);
    if (status != ASG_OK || !is_first) return status;
    return asg_safe_file_make(path, 0644, authority->own.data, authority->own.length,
                              error);
}

enum asg_status asg_authority_load_or_make(const char *folder, struct asg_authority **ret,
                                           struct asg_error *error)
{
    struct asg_authority *authority = asg_alloc(1, sizeof *authority);
    *authority = (struct asg_authority){0};
    enum asg_status status = load(folder, authority, error);
    if (status == ASG_OK) {
        keep(authority);
        *ret = authority;
    } else {
        asg_authority_destroy(&authority);
    }
    return status;
}

void asg_authority_destroy(struct asg_authority **authority)
{
    struct asg_authority *self = *authority;
    if (self == NULL) return;
    for (size_t i = 0; i < LEAF_EXTENSIONS; i++)
        X509_EXTENSION_free(self->extensions[i]);
    X509_free(self->certificate);
    EVP_PKEY_free(self->pair);
    asg_bytes_clear(&self->own);
    asg_bytes_clear(&self->trusted);
    free(self);
    *authority = NULL;
}

const char *asg_authority_fingerprint(const struct asg_authority *authority)
{
    return authority->fingerprint;
}

const char *asg_authority_pem(const struct asg_authority *authority)
{
    return (const char *)authority->trusted.data;
}

/* ---- signing ---- */

static void add_name(X509 *certificate, const char *uri)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    asg_x509_must(names != NULL && name != NULL && text != NULL &&
                      ASN1_STRING_set(text, uri, -1) == 1,
                  "a name");
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    asg_x509_must(sk_GENERAL_NAME_push(names, name) > 0 &&
                      X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0,
                                        X509V3_ADD_DEFAULT) == 1,
                  "a name");
    GENERAL_NAMES_free(names);
}

static enum asg_status fill_leaf(struct asg_authority *authority, X509 *leaf,
                                 const char *uri, int64_t from_ms, int64_t until_ms,
                                 struct asg_error *error)
{
    if (!set_times(leaf, from_ms / 1000, until_ms / 1000)) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "no certificate can be valid from %lld to %lld ms",
                        (long long)from_ms, (long long)until_ms);
    }
    asg_x509_must(
        X509_set_issuer_name(leaf, X509_get_subject_name(authority->certificate)) == 1,
        "X509_set_issuer_name");
    for (size_t i = 0; i < LEAF_EXTENSIONS; i++) {
        asg_x509_must(X509_add_ext(leaf, authority->extensions[i], -1) == 1,
                      "X509_add_ext");
    }
    add_name(leaf, uri);
    seal(leaf, authority->pair);
    return ASG_OK;
}

enum asg_status asg_authority_sign(struct asg_authority *authority,
                                   const void *request_der, size_t length,
                                   const struct asg_holder *holder, int64_t from_ms,
                                   int64_t until_ms, struct asg_bytes *ret_pem,
                                   struct asg_certificate_facts *ret_facts,
                                   struct asg_error *error)
{
    char uri[ASG_HOLDER_SIZE * 2];
    struct asg_certificate_facts facts = {.from_ms = from_ms / 1000 * 1000,
                                          .until_ms = until_ms / 1000 * 1000};
    asg_holder_uri(holder, uri);
    if (asg_holder_read(uri, &facts.holder) != ASG_OK) {
        return asg_fail(error, ASG_ERR_INVALID,
                        "no certificate is made for a holder whose id has other "
                        "characters than letters, digits, '-', '_' and '.'");
    }
    X509_REQ *request = NULL;
    enum asg_status status =
        asg_x509_read_request(request_der, length, &request, facts.key_hash, error);
    if (status != ASG_OK) return status;
    X509 *leaf =
        new_certificate(X509_REQ_get0_pubkey(request),
                        holder->kind == ASG_HOLDER_CONTROLLER ? "openasg controller"
                                                              : holder->instance_id);
    X509_REQ_free(request);
    status = fill_leaf(authority, leaf, uri, from_ms, until_ms, error);
    if (status == ASG_OK) {
        asg_x509_append(leaf, ret_pem);
        asg_bytes_append(ret_pem, authority->own.data, authority->own.length);
        asg_x509_serial(leaf, facts.serial);
        if (ret_facts != NULL) *ret_facts = facts;
    }
    X509_free(leaf);
    ERR_clear_error();
    return status;
}
