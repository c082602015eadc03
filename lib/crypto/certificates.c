/* certificates - holders and their names, and what is checked of a certificate. */
#include "crypto/certificates.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/certificates_parts.h"
#include "crypto/crypto.h"

#define SCHEME     "openasg://"
#define CONTROLLER "controller"
#define INSTANCE   "instance/"

/* ---- holders ---- */

/* Letters, digits and "-", "_", ".": what an id has, and nothing that a terminal, a log
 * or a path takes for something else. */
static bool is_name(const char *text, size_t length, size_t size)
{
    if (length == 0 || length >= size) return false;
    for (size_t i = 0; i < length; i++) {
        char sign = text[i];
        bool is_good = (sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z') ||
                       (sign >= '0' && sign <= '9') ||
                       (i > 0 && (sign == '-' || sign == '_' || sign == '.'));
        if (!is_good) return false;
    }
    return true;
}

void asg_holder_uri(const struct asg_holder *holder, char ret[ASG_HOLDER_SIZE * 2])
{
    bool is_instance = holder->kind == ASG_HOLDER_INSTANCE;
    (void)snprintf(ret, (size_t)ASG_HOLDER_SIZE * 2, SCHEME "%s/%s%s", holder->cluster,
                   is_instance ? INSTANCE : CONTROLLER,
                   is_instance ? holder->instance_id : "");
}

enum asg_status asg_holder_read(const char *uri, struct asg_holder *ret)
{
    struct asg_holder holder = {.kind = ASG_HOLDER_CONTROLLER};
    if (strncmp(uri, SCHEME, strlen(SCHEME)) != 0) return ASG_ERR_MALFORMED;
    const char *cluster = uri + strlen(SCHEME);
    size_t length = strcspn(cluster, "/");
    if (cluster[length] != '/' || !is_name(cluster, length, sizeof holder.cluster)) {
        return ASG_ERR_MALFORMED;
    }
    memcpy(holder.cluster, cluster, length);
    const char *rest = cluster + length + 1;
    if (strncmp(rest, INSTANCE, strlen(INSTANCE)) == 0) {
        const char *id = rest + strlen(INSTANCE);
        if (!is_name(id, strlen(id), sizeof holder.instance_id)) return ASG_ERR_MALFORMED;
        holder.kind = ASG_HOLDER_INSTANCE;
        memcpy(holder.instance_id, id, strlen(id));
    } else if (strcmp(rest, CONTROLLER) != 0) {
        return ASG_ERR_MALFORMED;
    }
    *ret = holder;
    return ASG_OK;
}

/* ---- texts of certificates ---- */

/* Never ask: OpenSSL would, at the terminal, for what a stranger sent. */
static int no_passphrase(char *ret, int size, int is_writing, void *context)
{
    if (size > 0) ret[0] = '\0';
    (void)is_writing;
    (void)context;
    return -1;
}

size_t asg_x509_read_chain(const char *pem, size_t length, size_t most, X509 *ret[])
{
    assert(length <= INT32_MAX && most > 0);
    BIO *memory = BIO_new_mem_buf(pem, (int)length);
    asg_x509_must(memory != NULL, "BIO_new_mem_buf");
    size_t count = 0;
    while (count < most) {
        X509 *certificate = PEM_read_bio_X509(memory, NULL, no_passphrase, NULL);
        if (certificate == NULL) break;
        ret[count] = certificate;
        count++;
    }
    BIO_free(memory);
    ERR_clear_error();
    return count;
}

void asg_x509_free_chain(X509 *chain[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        X509_free(chain[i]);
}

void asg_x509_append(X509 *certificate, struct asg_bytes *ret_pem)
{
    BIO *memory = BIO_new(BIO_s_mem());
    asg_x509_must(memory != NULL && PEM_write_bio_X509(memory, certificate) == 1,
                  "PEM_write_bio_X509");
    char *text = NULL;
    long length = BIO_get_mem_data(memory, &text);
    asg_bytes_append(ret_pem, text, (size_t)length);
    BIO_free(memory);
}

void asg_x509_fingerprint(X509 *certificate, char ret[ASG_KEY_HASH_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    asg_x509_must(X509_digest(certificate, EVP_sha256(), hash, &size) == 1 &&
                      size == ASG_SHA256_BYTES,
                  "X509_digest");
    asg_hex_encode(hash, size, ret);
}

void asg_x509_serial(X509 *certificate, char ret[ASG_SERIAL_SIZE])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    size_t length = (size_t)ASN1_STRING_length(serial);
    if (length > (ASG_SERIAL_SIZE - 1) / 2) length = (ASG_SERIAL_SIZE - 1) / 2;
    asg_hex_encode(ASN1_STRING_get0_data(serial), length, ret);
}

/* ---- checks ---- */

static bool read_time(const ASN1_TIME *time, int64_t *ret_ms)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1) return false;
    *ret_ms = (int64_t)timegm(&parts) * 1000;
    return true;
}

/* The one name, which is a URI of ours. Others beside it are refused, whatever they are:
 * somebody else might go by those. */
static bool read_holder(X509 *certificate, struct asg_holder *ret)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool is_read = false;
    if (names != NULL && sk_GENERAL_NAME_num(names) == 1) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);
        if (name->type == GEN_URI) {
            const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
            const char *text = (const char *)ASN1_STRING_get0_data(uri);
            int length = ASN1_STRING_length(uri);
            is_read = length > 0 && strlen(text) == (size_t)length &&
                      asg_holder_read(text, ret) == ASG_OK;
        }
    }
    GENERAL_NAMES_free(names);
    return is_read;
}

static enum asg_status read_facts(X509 *certificate, struct asg_certificate_facts *ret,
                                  struct asg_error *error)
{
    struct asg_certificate_facts facts = {0};
    uint32_t flags = X509_get_extension_flags(certificate);
    if ((flags & (EXFLAG_INVALID | EXFLAG_CRITICAL | EXFLAG_CA)) != 0 ||
        !read_time(X509_get0_notBefore(certificate), &facts.from_ms) ||
        !read_time(X509_get0_notAfter(certificate), &facts.until_ms)) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "the certificate is not of the kind that this cluster makes");
    }
    if (asg_x509_key_hash(X509_get_X509_PUBKEY(certificate), facts.key_hash) != ASG_OK) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "the certificate's key is not ECDSA P-256");
    }
    if (!read_holder(certificate, &facts.holder)) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "the certificate has to name one holder, " SCHEME
                        "CLUSTER/" CONTROLLER " or " SCHEME "CLUSTER/" INSTANCE
                        "ID, and names none or several");
    }
    asg_x509_serial(certificate, facts.serial);
    *ret = facts;
    return ASG_OK;
}

static bool is_signed_by(X509 *certificate, X509 *authority)
{
    return (X509_get_extension_flags(authority) & EXFLAG_CA) != 0 &&
           X509_NAME_cmp(X509_get_issuer_name(certificate),
                         X509_get_subject_name(authority)) == 0 &&
           X509_verify(certificate, X509_get0_pubkey(authority)) == 1;
}

static enum asg_status check_signer(X509 *certificate, const char *trusted_pem,
                                    struct asg_error *error)
{
    X509 *trusted[ASG_CHAIN_MAX];
    size_t count =
        asg_x509_read_chain(trusted_pem, strlen(trusted_pem), ASG_CHAIN_MAX, trusted);
    bool is_signed = false;
    for (size_t i = 0; i < count && !is_signed; i++) {
        is_signed = is_signed_by(certificate, trusted[i]);
    }
    asg_x509_free_chain(trusted, count);
    if (is_signed) return ASG_OK;
    return asg_fail(error, ASG_ERR_DENIED,
                    count == 0 ? "no authority is known that may have signed it"
                               : "the certificate is signed by none of the authorities "
                                 "that are trusted");
}

enum asg_status asg_certificate_check(const char *pem, const char *trusted_pem,
                                      struct asg_certificate_facts *ret,
                                      struct asg_error *error)
{
    X509 *leaf = NULL;
    if (asg_x509_read_chain(pem, strlen(pem), 1, &leaf) == 0) {
        return asg_fail(error, ASG_ERR_MALFORMED, "the text holds no certificate in PEM");
    }
    enum asg_status status = check_signer(leaf, trusted_pem, error);
    if (status == ASG_OK) status = read_facts(leaf, ret, error);
    X509_free(leaf);
    ERR_clear_error();
    return status;
}

enum asg_status asg_certificate_facts_of(const char *pem,
                                         struct asg_certificate_facts *ret,
                                         struct asg_error *error)
{
    X509 *leaf = NULL;
    if (asg_x509_read_chain(pem, strlen(pem), 1, &leaf) == 0) {
        return asg_fail(error, ASG_ERR_MALFORMED, "the text holds no certificate in PEM");
    }
    enum asg_status status = read_facts(leaf, ret, error);
    X509_free(leaf);
    ERR_clear_error();
    return status;
}

bool asg_certificate_fingerprint(const char *pem, char ret[ASG_KEY_HASH_SIZE])
{
    X509 *first[1];
    size_t count = asg_x509_read_chain(pem, strlen(pem), 1, first);
    if (count > 0) asg_x509_fingerprint(first[0], ret);
    asg_x509_free_chain(first, count);
    return count > 0;
}

enum asg_status asg_certificate_find_authority(const char *chain_pem,
                                               const char *fingerprint,
                                               struct asg_bytes *ret_pem,
                                               struct asg_error *error)
{
    X509 *chain[ASG_CHAIN_MAX];
    size_t count =
        asg_x509_read_chain(chain_pem, strlen(chain_pem), ASG_CHAIN_MAX, chain);
    bool is_found = false;
    for (size_t i = 0; i < count && !is_found; i++) {
        char present[ASG_KEY_HASH_SIZE];
        asg_x509_fingerprint(chain[i], present);
        is_found = strcasecmp(present, fingerprint) == 0;
        if (is_found) asg_x509_append(chain[i], ret_pem);
    }
    asg_x509_free_chain(chain, count);
    if (is_found) return ASG_OK;
    return asg_fail(error, ASG_ERR_DENIED,
                    "none of the %zu certificates shown is of the authority whose "
                    "fingerprint is %.64s",
                    count, fingerprint);
}
