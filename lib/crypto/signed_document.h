/* signed_document - what AWS signs to say what an instance is: PKCS #7 with one RSA
 * signature over SHA-256, checked with certificates that are pinned, each for a Region.
 *
 * Nothing in the message is trusted: certificates in it are not looked at, and neither
 * are chains and times of the pinned ones, for AWS replaces those by announcement. The
 * older "pkcs7" signature of the metadata service is DSA over SHA-1 and never accepted.
 * The other side, making keys and signing, is there for openasg-ec2local and tests.
 * Threads: pinned certificates may be used from any.
 */
#ifndef ASG_CRYPTO_SIGNED_DOCUMENT_H
#define ASG_CRYPTO_SIGNED_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

#define ASG_DOCUMENT_RSA_BITS_MIN 2048
#define ASG_DOCUMENT_PINNED_MAX   256
#define ASG_DOCUMENT_BYTES_MAX    8192
#define ASG_DOCUMENT_REGION_SIZE  64

/* ---- checking ---- */

struct asg_document_certificates;

/* Read PEM: a folder of REGION.pem, each with the certificates of that Region, or one
 * file, of `region`. ASG_ERR_NOT_FOUND: none there; ASG_ERR_MALFORMED: no certificate, or
 * not of an RSA key of 2048 bits or more; ASG_ERR_DENIED: others may write it;
 * ASG_ERR_LIMIT: too many; `error` says which file and what to do. */
ASG_MUST_USE enum asg_status asg_document_certificates_load(
    const char *path, const char *region, struct asg_document_certificates **ret,
    struct asg_error *error);
void asg_document_certificates_destroy(struct asg_document_certificates **certificates);

/* Check the signature (base64 of PKCS #7, with or without the lines BEGIN and END) with
 * the certificates of any Region. What was signed is appended to *ret_content: the
 * message's own content, or `document` when it has none. `*ret_signer` is for
 * asg_document_signer_is_of(). ASG_ERR_MALFORMED: no PKCS #7 of that form;
 * ASG_ERR_DENIED: signed by nobody pinned, or another text; ASG_ERR_UNSUPPORTED: by DSA,
 * SHA-1 and the like; ASG_ERR_LIMIT: too long. */
ASG_MUST_USE enum asg_status asg_document_check(
    const struct asg_document_certificates *certificates, const char *signature,
    const char *document, struct asg_bytes *ret_content, size_t *ret_signer,
    struct asg_error *error);

/* The certificate that signed is pinned for this Region. */
bool asg_document_signer_is_of(const struct asg_document_certificates *certificates,
                               size_t signer, const char *region);

/* ---- signing ---- */

struct asg_document_key;

/* A key in memory, RSA of 2048 bits, with its own certificate. Takes some 0.1 s. */
void asg_document_key_make(struct asg_document_key **ret);
void asg_document_key_destroy(struct asg_document_key **key);
/* Append its certificate, PEM. */
void asg_document_key_certificate(const struct asg_document_key *key,
                                  struct asg_bytes *ret_pem);
/* Append what .../instance-identity/rsa2048 gives: base64 in lines of 64. */
void asg_document_sign(const struct asg_document_key *key, const void *document,
                       size_t length, struct asg_bytes *ret);

#endif
