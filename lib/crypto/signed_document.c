#include "crypto/signed_document.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/safe_file.h"
#include "crypto/certificates_parts.h"
#include "crypto/crypto.h"

#define FILE_BYTES_MAX      ((size_t)256 * 1024)
#define SIGNATURE_BYTES_MAX 16384
#define MARK_BEGIN          "-----BEGIN PKCS7-----"
#define MARK_END            "-----END PKCS7-----"
#define LINE_LENGTH         64

struct pinned {
    X509 *certificate;
    char region[ASG_DOCUMENT_REGION_SIZE];
};

struct asg_document_certificates {
    struct pinned items[ASG_DOCUMENT_PINNED_MAX];
    size_t count;
};

/* ---- loading ---- */

void asg_document_certificates_destroy(struct asg_document_certificates **certificates)
{
    struct asg_document_certificates *it = *certificates;
    if (it == NULL) return;
    for (size_t i = 0; i < it->count; i++)
        X509_free(it->items[i].certificate);
    free(it);
    *certificates = NULL;
}

static bool is_strong(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    return key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
           EVP_PKEY_get_bits(key) >= ASG_DOCUMENT_RSA_BITS_MIN;
}

static enum asg_status add_file(struct asg_document_certificates *certificates,
                                const char *path, const char *region,
                                struct asg_error *error)
{
    const struct asg_safe_need need = {.what = "certificates of identity documents",
                                       .length_max = FILE_BYTES_MAX,
                                       .guard = ASG_SAFE_FIXED,
                                       .is_own = true};
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes pem = {0};
    enum asg_status status = asg_safe_file_read(path, &need, &pem, error);
    if (status != ASG_OK) return status;
    X509 *chain[ASG_CHAIN_MAX];
    size_t count =
        asg_x509_read_chain(asg_bytes_text(&pem), pem.length, ASG_CHAIN_MAX, chain);
    if (count == 0) {
        return asg_fail(error, ASG_ERR_MALFORMED,
                        "%s holds no certificate in PEM: put AWS's for RSA-2048 "
                        "signatures there",
                        path);
    }
    for (size_t i = 0; i < count && status == ASG_OK; i++) {
        if (certificates->count == ASG_DOCUMENT_PINNED_MAX) {
            status = asg_fail(error, ASG_ERR_LIMIT,
                              "%s: more than %d certificates of identity documents", path,
                              ASG_DOCUMENT_PINNED_MAX);
        } else if (!is_strong(chain[i])) {
            status = asg_fail(error, ASG_ERR_MALFORMED,
                              "%s: a certificate is not of an RSA key of %d bits or "
                              "more: AWS has several for a Region, take the one for "
                              "RSA-2048 signatures",
                              path, ASG_DOCUMENT_RSA_BITS_MIN);
        } else {
            struct pinned *pinned = &certificates->items[certificates->count++];
            asg_x509_must(X509_up_ref(chain[i]) == 1, "a certificate");
            pinned->certificate = chain[i];
            (void)snprintf(pinned->region, sizeof pinned->region, "%s", region);
        }
    }
    asg_x509_free_chain(chain, count);
    return status;
}

/* "us-east-1" of "us-east-1.pem"; false: no such name. */
static bool read_region(const char *name, char ret[ASG_DOCUMENT_REGION_SIZE])
{
    const char *dot = strrchr(name, '.');
    if (name[0] == '.' || dot == NULL || strcmp(dot, ".pem") != 0 ||
        (size_t)(dot - name) >= ASG_DOCUMENT_REGION_SIZE) {
        return false;
    }
    memcpy(ret, name, (size_t)(dot - name));
    ret[dot - name] = '\0';
    return true;
}

static enum asg_status add_folder(struct asg_document_certificates *certificates,
                                  const char *path, struct asg_error *error)
{
    enum asg_status status = asg_safe_folder_check(path, error);
    if (status != ASG_OK) return status;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return asg_fail(error, ASG_ERR_IO, "cannot read the folder %s: %s", path,
                        strerror(errno));
    }
    for (struct dirent *entry = readdir(folder); entry != NULL && status == ASG_OK;
         entry = readdir(folder)) {
        char region[ASG_DOCUMENT_REGION_SIZE];
        char file[ASG_SAFE_PATH_MAX];
        if (!read_region(entry->d_name, region)) continue;
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        status = add_file(certificates, file, region, error);
    }
    (void)closedir(folder);
    if (status == ASG_OK && certificates->count == 0) {
        return asg_fail(error, ASG_ERR_NOT_FOUND,
                        "%s holds no REGION.pem, for example us-east-1.pem", path);
    }
    return status;
}

enum asg_status asg_document_certificates_load(const char *path, const char *region,
                                               struct asg_document_certificates **ret,
                                               struct asg_error *error)
{
    struct asg_document_certificates *certificates = asg_alloc(1, sizeof *certificates);
    struct stat info;
    enum asg_status status = stat(path, &info) == 0 && S_ISDIR(info.st_mode)
                                 ? add_folder(certificates, path, error)
                                 : add_file(certificates, path, region, error);
    if (status != ASG_OK) {
        asg_document_certificates_destroy(&certificates);
        return status;
    }
    *ret = certificates;
    return ASG_OK;
}

bool asg_document_signer_is_of(const struct asg_document_certificates *certificates,
                               size_t signer, const char *region)
{
    X509 *certificate = certificates->items[signer].certificate;
    for (size_t i = 0; i < certificates->count; i++) {
        if (strcmp(certificates->items[i].region, region) == 0 &&
            X509_cmp(certificates->items[i].certificate, certificate) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- checking ---- */

/* How many digests it says that its text needs; CMS_verify() makes all of them. */
static int count_digests(const unsigned char *der, size_t length)
{
    PKCS7 *message = d2i_PKCS7(NULL, &der, (long)length);
    bool is_signed =
        message != NULL && PKCS7_type_is_signed(message) && message->d.sign != NULL;
    int count = is_signed ? sk_X509_ALGOR_num(message->d.sign->md_algs) : 0;
    PKCS7_free(message);
    return count;
}

/* Base64 in a PEM frame or bare. */
static CMS_ContentInfo *read_message(const char *signature, int *ret_digests)
{
    signature += strspn(signature, " \t\r\n");
    if (strncmp(signature, MARK_BEGIN, strlen(MARK_BEGIN)) == 0) {
        signature += strlen(MARK_BEGIN);
    }
    const char *end = strstr(signature, MARK_END);
    size_t length = end != NULL ? (size_t)(end - signature) : strlen(signature);
    if (length > SIGNATURE_BYTES_MAX) return NULL;
    char *text = asg_alloc(1, length + 1);
    (void)snprintf(text, length + 1, "%s", signature);
    uint8_t *der = asg_alloc(1, 3 * (length / 4) + 3);
    size_t der_length = 0;
    CMS_ContentInfo *message = NULL;
    if (asg_base64_decode(text, der, &der_length) == ASG_OK && der_length > 0) {
        const unsigned char *at = der;
        message = d2i_CMS_ContentInfo(NULL, &at, (long)der_length);
        *ret_digests = count_digests(der, der_length);
        if (message != NULL && at != der + der_length) { /* something behind it */
            CMS_ContentInfo_free(message);
            message = NULL;
        }
    }
    free(der);
    free(text);
    return message;
}

static enum asg_status look_at_algorithms(CMS_SignerInfo *signer, struct asg_error *error)
{
    X509_ALGOR *digest = NULL;
    X509_ALGOR *signature = NULL;
    CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, &signature);
    int digest_nid = OBJ_obj2nid(digest->algorithm);
    int signature_nid = OBJ_obj2nid(signature->algorithm);
    if (digest_nid == NID_sha256 && (signature_nid == NID_rsaEncryption ||
                                     signature_nid == NID_sha256WithRSAEncryption)) {
        return ASG_OK;
    }
    const char *name = OBJ_nid2sn(digest_nid);
    return asg_fail(error, ASG_ERR_UNSUPPORTED,
                    "its signature is not RSA over SHA-256 but over %s: the one at "
                    ".../instance-identity/rsa2048 is wanted, not the one at .../pkcs7",
                    name != NULL ? name : "something else");
}

/* The only signer of a message of the right form. */
static enum asg_status find_signer(CMS_ContentInfo *message, CMS_SignerInfo **ret,
                                   struct asg_error *error)
{
    if (message == NULL || OBJ_obj2nid(CMS_get0_type(message)) != NID_pkcs7_signed ||
        OBJ_obj2nid(CMS_get0_eContentType(message)) != NID_pkcs7_data) {
        return asg_fail(error, ASG_ERR_MALFORMED, "its signature is not PKCS #7");
    }
    STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(message);
    if (sk_CMS_SignerInfo_num(signers) != 1) {
        return asg_fail(error, ASG_ERR_MALFORMED, "its signature is not one but %d",
                        sk_CMS_SignerInfo_num(signers));
    }
    *ret = sk_CMS_SignerInfo_value(signers, 0);
    return look_at_algorithms(*ret, error);
}

/* Behind a filter: of a bare memory BIO CMS_verify() makes a copy of its own, which it
 * loses when the message names digests that it does not know (OpenSSL 3.0: 272 bytes for
 * whoever sends one). */
static BIO *read_from(const char *text)
{
    BIO *memory = BIO_new_mem_buf(text, -1);
    BIO *filter = BIO_new(BIO_f_null());
    asg_x509_must(memory != NULL && filter != NULL, "a buffer");
    return BIO_push(filter, memory);
}

static bool is_signed_by(CMS_ContentInfo *message, X509 *certificate, BIO *detached,
                         BIO *out)
{
    STACK_OF(X509) *only = sk_X509_new_null();
    asg_x509_must(only != NULL && sk_X509_push(only, certificate) > 0, "a list");
    int result = CMS_verify(message, only, NULL, detached, out,
                            CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY);
    sk_X509_free(only);
    return result == 1;
}

static enum asg_status verify(const struct asg_document_certificates *certificates,
                              CMS_ContentInfo *message, const char *document,
                              struct asg_bytes *ret_content, size_t *ret_signer,
                              struct asg_error *error)
{
    CMS_SignerInfo *signer = NULL;
    enum asg_status status = find_signer(message, &signer, error);
    if (status != ASG_OK) return status;
    size_t at = 0;
    while (at < certificates->count &&
           CMS_SignerInfo_cert_cmp(signer, certificates->items[at].certificate) != 0) {
        at++;
    }
    if (at == certificates->count) {
        return asg_fail(error, ASG_ERR_DENIED,
                        "its signature matches none of the certificates in "
                        "enrol.document_certificates");
    }
    ASN1_OCTET_STRING **content = CMS_get0_content(message);
    bool is_detached = content == NULL || *content == NULL;
    BIO *in = is_detached ? read_from(document) : NULL;
    BIO *out = BIO_new(BIO_s_mem());
    asg_x509_must(out != NULL, "a buffer");
    if (is_signed_by(message, certificates->items[at].certificate, in, out)) {
        char *data = NULL;
        long length = BIO_get_mem_data(out, &data);
        if (length > 0) asg_bytes_append(ret_content, data, (size_t)length);
        *ret_signer = at;
    } else {
        status = asg_fail(error, ASG_ERR_DENIED, "its signature is not of this text");
    }
    BIO_free_all(in);
    BIO_free(out);
    return status;
}

enum asg_status asg_document_check(const struct asg_document_certificates *certificates,
                                   const char *signature, const char *document,
                                   struct asg_bytes *ret_content, size_t *ret_signer,
                                   struct asg_error *error)
{
    if (strlen(document) > ASG_DOCUMENT_BYTES_MAX ||
        strlen(signature) > SIGNATURE_BYTES_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT, "it is too long");
    }
    int digests = 0;
    CMS_ContentInfo *message = read_message(signature, &digests);
    enum asg_status status =
        message == NULL || digests == 1
            ? verify(certificates, message, document, ret_content, ret_signer, error)
            : asg_fail(error, ASG_ERR_MALFORMED,
                       "its signature is not PKCS #7 with one digest but with %d",
                       digests);
    CMS_ContentInfo_free(message);
    ERR_clear_error();
    if (status == ASG_OK && ret_content->length > ASG_DOCUMENT_BYTES_MAX) {
        return asg_fail(error, ASG_ERR_LIMIT, "it is too long");
    }
    return status;
}

/* ---- signing ---- */

struct asg_document_key {
    EVP_PKEY *pair;
    X509 *certificate;
};

static X509 *make_certificate(EVP_PKEY *pair)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_NAME_new();
    uint64_t serial = 0;
    asg_random_bytes(&serial, sizeof serial);
    const unsigned char holder[] = "openasg-ec2local";
    bool is_made =
        certificate != NULL && name != NULL && X509_set_version(certificate, 2) == 1 &&
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1 &&
        X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, holder, -1, -1, 0) == 1 &&
        X509_set_subject_name(certificate, name) == 1 &&
        X509_set_issuer_name(certificate, name) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600L * 24 * 365) != NULL &&
        X509_set_pubkey(certificate, pair) == 1 &&
        X509_sign(certificate, pair, EVP_sha256()) > 0;
    asg_x509_must(is_made, "a certificate");
    X509_NAME_free(name);
    return certificate;
}

void asg_document_key_make(struct asg_document_key **ret)
{
    struct asg_document_key *key = asg_alloc(1, sizeof *key);
    key->pair = EVP_RSA_gen(ASG_DOCUMENT_RSA_BITS_MIN);
    asg_x509_must(key->pair != NULL, "an RSA key");
    key->certificate = make_certificate(key->pair);
    *ret = key;
}

void asg_document_key_destroy(struct asg_document_key **key)
{
    if (*key == NULL) return;
    EVP_PKEY_free((*key)->pair);
    X509_free((*key)->certificate);
    free(*key);
    *key = NULL;
}

void asg_document_key_certificate(const struct asg_document_key *key,
                                  struct asg_bytes *ret_pem)
{
    asg_x509_append(key->certificate, ret_pem);
}

void asg_document_sign(const struct asg_document_key *key, const void *document,
                       size_t length, struct asg_bytes *ret)
{
    BIO *in = BIO_new_mem_buf(document, (int)length);
    CMS_ContentInfo *message = CMS_sign(key->certificate, key->pair, NULL, in,
                                        CMS_BINARY | CMS_NOCERTS | CMS_NOSMIMECAP);
    unsigned char *der = NULL;
    int der_length = message != NULL ? i2d_CMS_ContentInfo(message, &der) : -1;
    asg_x509_must(der_length > 0, "a signature");
    char *text = asg_alloc(1, 4 * (((size_t)der_length + 2) / 3) + 1);
    asg_base64_encode(der, (size_t)der_length, text);
    for (size_t at = 0; at < strlen(text); at += LINE_LENGTH)
        asg_bytes_printf(ret, "%.*s\n", LINE_LENGTH, text + at);
    free(text);
    OPENSSL_free(der);
    CMS_ContentInfo_free(message);
    BIO_free(in);
}
