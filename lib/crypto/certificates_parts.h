/* certificates_parts - what the files of certificates.h share: OpenSSL's objects.
 * Threads: no state.
 */
#ifndef ASG_CRYPTO_CERTIFICATES_PARTS_H
#define ASG_CRYPTO_CERTIFICATES_PARTS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/certificates.h"

#define ASG_CHAIN_MAX 16 /* certificates of one text that are looked at */

/* OpenSSL fails at these only when it is broken or memory is gone. */
void asg_x509_must(bool ok, const char *what);

/* ASG_ERR_MALFORMED: the key is not one of ECDSA on P-256, named by its curve, with its
 * point in full: the one form that we write, so that a key has one hash. */
ASG_MUST_USE enum asg_status asg_x509_key_hash(X509_PUBKEY *key,
                                               char ret[ASG_KEY_HASH_SIZE]);

EVP_PKEY *asg_x509_new_pair(void);
void asg_x509_append_private(EVP_PKEY *pair, struct asg_bytes *ret_pem);
void asg_x509_append(X509 *certificate, struct asg_bytes *ret_pem);
void asg_x509_fingerprint(X509 *certificate, char ret[ASG_KEY_HASH_SIZE]);
void asg_x509_serial(X509 *certificate, char ret[ASG_SERIAL_SIZE]);

/* Read a private key from a file with mode 0600, which is ours or root's when `is_own`;
 * ASG_ERR_NOT_FOUND: there is none. */
ASG_MUST_USE enum asg_status asg_x509_load_private(const char *path, bool is_own,
                                                   EVP_PKEY **ret,
                                                   struct asg_error *error);
/* Make one there. */
ASG_MUST_USE enum asg_status asg_x509_make_private(const char *path, EVP_PKEY **ret,
                                                   struct asg_error *error);

/* A certificate of an authority that signs itself, ten years. */
X509 *asg_x509_new_authority(EVP_PKEY *pair);
/* The one among them that belongs to the key, or NULL; it is still the chain's. */
X509 *asg_x509_find_own(EVP_PKEY *pair, X509 *chain[], size_t count);
/* The certificates of a file that others may not write; ASG_ERR_NOT_FOUND: none there. */
ASG_MUST_USE enum asg_status asg_x509_load_chain(const char *path, bool is_own,
                                                 X509 *ret[ASG_CHAIN_MAX],
                                                 size_t *ret_count,
                                                 struct asg_error *error);

/* The first certificates of a PEM text, at most `most` of them; returns how many. The
 * caller frees each with X509_free(). */
size_t asg_x509_read_chain(const char *pem, size_t length, size_t most, X509 *ret[]);
void asg_x509_free_chain(X509 *chain[], size_t count);

/* Read a request and check its signature; the caller frees it with X509_REQ_free(). */
ASG_MUST_USE enum asg_status asg_x509_read_request(const void *der, size_t length,
                                                   X509_REQ **ret,
                                                   char ret_hash[ASG_KEY_HASH_SIZE],
                                                   struct asg_error *error);

#endif
