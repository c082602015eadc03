/* Signed documents: who signed, what was signed, and by which algorithms. What is not
 * ours to make is made with OpenSSL here. */
#include "crypto/signed_document.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/cms.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/crypto.h"
#include "lib/check.h"

#define DOCUMENT "{\n  \"instanceId\" : \"i-0123456789abcdef0\"\n}"

struct place {
    char folder[64];
    struct asg_document_key *east;
    struct asg_document_key *west;
    struct asg_document_certificates *pinned;
    struct asg_error error;
};

static void write_pem(const struct place *place, const char *name, const void *data,
                      size_t length)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", place->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(length, fwrite(data, 1, length, file));
    assert_int_equal(0, fclose(file));
    assert_int_equal(0, chmod(path, 0644));
}

static void write_certificate(const struct place *place, const char *name,
                              const struct asg_document_key *key)
{
    struct asg_bytes pem = {0};
    asg_document_key_certificate(key, &pem);
    write_pem(place, name, pem.data, pem.length);
    asg_bytes_clear(&pem);
}

static int set_up(void **state)
{
    struct place *place = test_calloc(1, sizeof *place);
    *state = place;
    (void)snprintf(place->folder, sizeof place->folder, "/tmp/asg-document-XXXXXX");
    if (mkdtemp(place->folder) == NULL) return 1;
    asg_document_key_make(&place->east);
    asg_document_key_make(&place->west);
    write_certificate(place, "us-east-1.pem", place->east);
    write_certificate(place, "us-west-2.pem", place->west);
    write_pem(place, "README", "not one", 7);
    return asg_document_certificates_load(place->folder, "", &place->pinned,
                                          &place->error) == ASG_OK
               ? 0
               : 1;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {"us-east-1.pem", "us-west-2.pem", "README",
                                        "other.pem"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[160];
        (void)snprintf(path, sizeof path, "%s/%s", place->folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(place->folder);
    asg_document_certificates_destroy(&place->pinned);
    asg_document_key_destroy(&place->east);
    asg_document_key_destroy(&place->west);
    test_free(place);
    return 0;
}

static enum asg_status check(struct place *place, const char *signature,
                             const char *document, struct asg_bytes *ret, size_t *signer)
{
    asg_bytes_clear(ret);
    return asg_document_check(place->pinned, signature, document, ret, signer,
                              &place->error);
}

static void test_what_a_region_signed_is_read_and_is_of_that_region(void **state)
{
    struct place *place = *state;
    struct asg_bytes signature = {0};
    struct asg_bytes content = {0};
    size_t signer = 99;
    asg_document_sign(place->west, DOCUMENT, strlen(DOCUMENT), &signature);
    /* The text beside it is not looked at when the message has one of its own. */
    assert_status(ASG_OK,
                  check(place, asg_bytes_text(&signature), "", &content, &signer));
    assert_string_equal(DOCUMENT, asg_bytes_text(&content));
    assert_true(asg_document_signer_is_of(place->pinned, signer, "us-west-2"));
    assert_false(asg_document_signer_is_of(place->pinned, signer, "us-east-1"));

    struct asg_bytes framed = {0};
    asg_bytes_printf(&framed, "-----BEGIN PKCS7-----\n%s\n-----END PKCS7-----\n",
                     asg_bytes_text(&signature));
    assert_status(ASG_OK, check(place, asg_bytes_text(&framed), "", &content, &signer));
    assert_string_equal(DOCUMENT, asg_bytes_text(&content));
    asg_bytes_clear(&framed);
    asg_bytes_clear(&signature);
    asg_bytes_clear(&content);
}

static void test_a_stranger_is_refused(void **state)
{
    struct place *place = *state;
    struct asg_document_key *stranger = NULL;
    struct asg_bytes signature = {0};
    struct asg_bytes content = {0};
    size_t signer = 0;
    asg_document_key_make(&stranger);
    asg_document_sign(stranger, DOCUMENT, strlen(DOCUMENT), &signature);
    assert_status(ASG_ERR_DENIED,
                  check(place, asg_bytes_text(&signature), DOCUMENT, &content, &signer));
    assert_non_null(strstr(place->error.text, "none of the certificates"));
    assert_int_equal(0, content.length);
    asg_document_key_destroy(&stranger);
    asg_bytes_clear(&signature);
    asg_bytes_clear(&content);
}

/* Every byte changed, one at a time: none gives another text that holds. */
static void test_a_changed_message_never_says_another_text(void **state)
{
    struct place *place = *state;
    struct asg_bytes signature = {0};
    struct asg_bytes content = {0};
    size_t signer = 0;
    asg_document_sign(place->east, DOCUMENT, strlen(DOCUMENT), &signature);
    uint8_t der[4096];
    char text[6000];
    size_t length = 0;
    assert_status(ASG_OK, asg_base64_decode(asg_bytes_text(&signature), der, &length));
    size_t refused = 0;
    for (size_t i = 0; i < length; i++) {
        der[i] ^= 0x01;
        asg_base64_encode(der, length, text);
        der[i] ^= 0x01;
        if (check(place, text, DOCUMENT, &content, &signer) != ASG_OK) {
            refused++;
            continue;
        }
        assert_string_equal(DOCUMENT, asg_bytes_text(&content));
    }
    assert_true(refused > length * 9 / 10);
    asg_bytes_clear(&signature);
    asg_bytes_clear(&content);
}

static void encode(CMS_ContentInfo *message, char *ret)
{
    unsigned char *der = NULL;
    int length = i2d_CMS_ContentInfo(message, &der);
    assert_true(length > 0 && length < 4000);
    asg_base64_encode(der, (size_t)length, ret);
    OPENSSL_free(der);
    CMS_ContentInfo_free(message);
}

static X509 *certify(EVP_PKEY *pair, const EVP_MD *digest)
{
    X509 *certificate = X509_new();
    assert_non_null(certificate);
    (void)X509_set_version(certificate, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
    (void)X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "O",
                                     MBSTRING_ASC, (const unsigned char *)"test", -1, -1,
                                     0);
    (void)X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    (void)X509_set_pubkey(certificate, pair);
    assert_true(X509_sign(certificate, pair, digest) > 0);
    return certificate;
}

static void pin(struct place *place, X509 *certificate)
{
    BIO *out = BIO_new(BIO_s_mem());
    assert_int_equal(1, PEM_write_bio_X509(out, certificate));
    char *data = NULL;
    long length = BIO_get_mem_data(out, &data);
    write_pem(place, "other.pem", data, (size_t)length);
    BIO_free(out);
}

static enum asg_status load_other(struct place *place)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/other.pem", place->folder);
    asg_document_certificates_destroy(&place->pinned);
    return asg_document_certificates_load(path, "us-east-1", &place->pinned,
                                          &place->error);
}

/* Signed with a pinned key, in ways that are not taken. */
static void test_sha1_two_signers_and_detached_texts(void **state)
{
    struct place *place = *state;
    EVP_PKEY *pair = EVP_RSA_gen(2048);
    X509 *certificate = certify(pair, EVP_sha256());
    pin(place, certificate);
    assert_status(ASG_OK, load_other(place));
    char text[8000];
    struct asg_bytes content = {0};
    size_t signer = 0;

    BIO *in = BIO_new_mem_buf(DOCUMENT, -1);
    CMS_ContentInfo *message =
        CMS_sign(NULL, NULL, NULL, in, CMS_BINARY | CMS_PARTIAL | CMS_NOCERTS);
    assert_non_null(CMS_add1_signer(message, certificate, pair, EVP_sha1(),
                                    CMS_BINARY | CMS_NOCERTS));
    assert_int_equal(1, CMS_final(message, in, NULL, CMS_BINARY));
    encode(message, text);
    assert_status(ASG_ERR_UNSUPPORTED, check(place, text, DOCUMENT, &content, &signer));
    assert_non_null(strstr(place->error.text, "SHA1"));
    assert_non_null(strstr(place->error.text, "rsa2048"));
    BIO_free(in);

    in = BIO_new_mem_buf(DOCUMENT, -1);
    message = CMS_sign(NULL, NULL, NULL, in, CMS_BINARY | CMS_PARTIAL | CMS_NOCERTS);
    for (int i = 0; i < 2; i++) {
        assert_non_null(CMS_add1_signer(message, certificate, pair, EVP_sha256(),
                                        CMS_BINARY | CMS_NOCERTS));
    }
    assert_int_equal(1, CMS_final(message, in, NULL, CMS_BINARY));
    encode(message, text);
    assert_status(ASG_ERR_MALFORMED, check(place, text, DOCUMENT, &content, &signer));
    BIO_free(in);

    in = BIO_new_mem_buf(DOCUMENT, -1);
    encode(CMS_sign(certificate, pair, NULL, in,
                    CMS_BINARY | CMS_DETACHED | CMS_NOATTR | CMS_NOCERTS),
           text);
    assert_status(ASG_OK, check(place, text, DOCUMENT, &content, &signer));
    assert_string_equal(DOCUMENT, asg_bytes_text(&content));
    assert_status(ASG_ERR_DENIED,
                  check(place, text, "{\"instanceId\":\"i-2\"}", &content, &signer));
    BIO_free(in);

    /* A certificate that comes with the message makes nobody known. */
    EVP_PKEY *other_pair = EVP_RSA_gen(2048);
    X509 *other = certify(other_pair, EVP_sha256());
    in = BIO_new_mem_buf(DOCUMENT, -1);
    encode(CMS_sign(other, other_pair, NULL, in, CMS_BINARY), text);
    assert_status(ASG_ERR_DENIED, check(place, text, DOCUMENT, &content, &signer));
    BIO_free(in);
    X509_free(other);
    EVP_PKEY_free(other_pair);
    X509_free(certificate);
    EVP_PKEY_free(pair);
    asg_bytes_clear(&content);
}

static EVP_PKEY *make_dsa(void)
{
    EVP_PKEY *params = NULL;
    EVP_PKEY *pair = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, NULL);
    assert_true(EVP_PKEY_paramgen_init(context) > 0);
    assert_true(EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 1024) > 0);
    assert_true(EVP_PKEY_paramgen(context, &params) > 0);
    EVP_PKEY_CTX_free(context);
    context = EVP_PKEY_CTX_new(params, NULL);
    assert_true(EVP_PKEY_keygen_init(context) > 0);
    assert_true(EVP_PKEY_keygen(context, &pair) > 0);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(params);
    return pair;
}

/* What .../pkcs7 gives, and keys that are too short, are not even pinned. */
static void test_dsa_and_short_keys_are_neither_pinned_nor_taken(void **state)
{
    struct place *place = *state;
    struct asg_bytes content = {0};
    size_t signer = 0;
    char text[8000];
    EVP_PKEY *pair = make_dsa();
    X509 *certificate = certify(pair, EVP_sha1());
    BIO *in = BIO_new_mem_buf(DOCUMENT, -1);
    CMS_ContentInfo *message = CMS_sign(NULL, NULL, NULL, in, CMS_BINARY | CMS_PARTIAL);
    assert_non_null(CMS_add1_signer(message, certificate, pair, EVP_sha1(), CMS_BINARY));
    assert_int_equal(1, CMS_final(message, in, NULL, CMS_BINARY));
    encode(message, text);
    assert_status(ASG_ERR_UNSUPPORTED, check(place, text, DOCUMENT, &content, &signer));
    BIO_free(in);
    pin(place, certificate);
    assert_status(ASG_ERR_MALFORMED, load_other(place));
    assert_non_null(strstr(place->error.text, "RSA"));
    X509_free(certificate);
    EVP_PKEY_free(pair);

    pair = EVP_RSA_gen(1024);
    certificate = certify(pair, EVP_sha256());
    pin(place, certificate);
    assert_status(ASG_ERR_MALFORMED, load_other(place));
    X509_free(certificate);
    EVP_PKEY_free(pair);
    asg_bytes_clear(&content);
}

/* Its list of digests is not signed: whoever has seen one message can make such a list,
 * and each digest in it is made of the whole text. */
static void test_one_digest_is_made_of_a_text(void **state)
{
    struct place *place = *state;
    enum { MORE = 400 };
    struct asg_bytes signature = {0};
    struct asg_bytes content = {0};
    size_t signer = 0;
    asg_document_sign(place->east, DOCUMENT, strlen(DOCUMENT), &signature);
    uint8_t der[4096];
    size_t length = 0;
    assert_status(ASG_OK, asg_base64_decode(asg_bytes_text(&signature), der, &length));
    const unsigned char *at = der;
    PKCS7 *message = d2i_PKCS7(NULL, &at, (long)length);
    assert_non_null(message);
    for (int i = 0; i < MORE; i++) {
        X509_ALGOR *digest = X509_ALGOR_new();
        X509_ALGOR_set_md(digest, EVP_sha3_512());
        assert_true(sk_X509_ALGOR_push(message->d.sign->md_algs, digest) > 0);
    }
    assert_true(PKCS7_set_detached(message, 1));
    unsigned char *more = NULL;
    int more_length = i2d_PKCS7(message, &more);
    assert_true(more_length > 0);
    char *text = test_malloc(2 * (size_t)more_length);
    asg_base64_encode(more, (size_t)more_length, text);
    char *document = test_malloc(ASG_DOCUMENT_BYTES_MAX + 1);
    memset(document, 'x', ASG_DOCUMENT_BYTES_MAX);
    document[ASG_DOCUMENT_BYTES_MAX] = '\0';
    assert_status(ASG_ERR_MALFORMED, check(place, text, document, &content, &signer));
    assert_non_null(strstr(place->error.text, "with one digest but with 401"));
    OPENSSL_free(more);
    PKCS7_free(message);
    test_free(text);
    test_free(document);
    asg_bytes_clear(&signature);
    asg_bytes_clear(&content);
}

static void test_what_is_no_signature_is_refused(void **state)
{
    struct place *place = *state;
    struct asg_bytes content = {0};
    size_t signer = 0;
    static const char *const texts[] = {"", "!", "AAAA", "MIAGCSqGSIb3DQEHAqCAMIACAQE=",
                                        "-----BEGIN PKCS7-----\n-----END PKCS7-----"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_status(ASG_ERR_MALFORMED,
                      check(place, texts[i], DOCUMENT, &content, &signer));
    }
    struct asg_bytes long_text = {0};
    for (int i = 0; i < 20000; i++)
        asg_bytes_append(&long_text, "A", 1);
    assert_status(ASG_ERR_LIMIT,
                  check(place, asg_bytes_text(&long_text), DOCUMENT, &content, &signer));
    assert_status(ASG_ERR_LIMIT,
                  check(place, "AAAA", asg_bytes_text(&long_text), &content, &signer));
    asg_bytes_clear(&long_text);
}

static void test_folders_and_files_without_certificates_are_refused(void **state)
{
    struct place *place = *state;
    write_pem(place, "other.pem", "hello", 5);
    assert_status(ASG_ERR_MALFORMED, load_other(place));
    assert_non_null(strstr(place->error.text, "other.pem"));
    char path[160];
    (void)snprintf(path, sizeof path, "%s/nothing.pem", place->folder);
    assert_status(
        ASG_ERR_NOT_FOUND,
        asg_document_certificates_load(path, "us-east-1", &place->pinned, &place->error));
    write_certificate(place, "other.pem", place->east);
    (void)snprintf(path, sizeof path, "%s/other.pem", place->folder);
    assert_int_equal(0, chmod(path, 0666));
    assert_status(ASG_ERR_DENIED, load_other(place));
    (void)snprintf(path, sizeof path, "%s/empty", place->folder);
    assert_int_equal(0, mkdir(path, 0700));
    assert_status(
        ASG_ERR_NOT_FOUND,
        asg_document_certificates_load(path, "us-east-1", &place->pinned, &place->error));
    assert_int_equal(0, rmdir(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_what_a_region_signed_is_read_and_is_of_that_region, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_stranger_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_changed_message_never_says_another_text,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sha1_two_signers_and_detached_texts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_dsa_and_short_keys_are_neither_pinned_nor_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_digest_is_made_of_a_text, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_signature_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_folders_and_files_without_certificates_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
