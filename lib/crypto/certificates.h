/* certificates - the cluster's own certificate authority, and what it signs: X.509 with
 * ECDSA keys on P-256, SHA-256, in PEM.
 *
 * A certificate names its holder in a URI (RFC 5280, 4.2.1.6): the controller is
 *   openasg://CLUSTER/controller
 * and the agent of an instance
 *   openasg://CLUSTER/instance/i-0123456789abcdef0
 * CLUSTER is the cluster's id, 32 hex digits. Nothing else in a certificate is believed.
 * Keys are named by the SHA-256 of their SubjectPublicKeyInfo in DER, in 64 hex digits
 * ("key id"): a key keeps its id however often its certificate is renewed.
 * Threads: an authority may be used from any; a key has one owner.
 */
#ifndef ASG_CRYPTO_CERTIFICATES_H
#define ASG_CRYPTO_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define ASG_KEY_HASH_SIZE     65 /* 64 hex digits with the closing zero */
#define ASG_SERIAL_SIZE       41 /* at most 20 bytes in hex */
#define ASG_HOLDER_SIZE       128
#define ASG_CLUSTER_NAME_SIZE 65

enum asg_holder_kind { ASG_HOLDER_CONTROLLER, ASG_HOLDER_INSTANCE };

/* Whom a certificate names. */
struct asg_holder {
    enum asg_holder_kind kind;
    char cluster[ASG_CLUSTER_NAME_SIZE];
    char instance_id[ASG_HOLDER_SIZE]; /* INSTANCE; else empty */
};

/* What there is to know of a certificate. */
struct asg_certificate_facts {
    struct asg_holder holder;
    char key_hash[ASG_KEY_HASH_SIZE];
    char serial[ASG_SERIAL_SIZE];
    int64_t from_ms; /* wall */
    int64_t until_ms;
};

/* ---- keys and requests: the agent's side ---- */

struct asg_tls_key;

/* Read the private key in `path` (PEM, PKCS #8), or make one there with mode 0600 and
 * sync it; "" makes one in memory only. ASG_ERR_DENIED: others may read it;
 * ASG_ERR_MALFORMED, ASG_ERR_IO: `error` names the file. */
ASG_MUST_USE enum asg_status asg_tls_key_load_or_make(const char *path,
                                                      struct asg_tls_key **ret,
                                                      struct asg_error *error);
void asg_tls_key_destroy(struct asg_tls_key **key);                         /* wiped */
void asg_tls_key_pem(const struct asg_tls_key *key, struct asg_bytes *ret); /* secret */
void asg_tls_key_hash(const struct asg_tls_key *key, char ret[ASG_KEY_HASH_SIZE]);

/* Append a certificate request (PKCS #10, DER) that is signed by the key: whoever takes
 * it knows that its sender holds the private half. It asks for no names. */
void asg_certificate_request(const struct asg_tls_key *key, struct asg_bytes *ret_der);

/* ---- the authority: the controller's side ---- */

struct asg_authority;

/* Read FOLDER/ca.key and FOLDER/ca.pem, or make both at the first start (mode 0600 and
 * 0644, ten years, synced; a crash in between is mended at the next start). The
 * certificate in ca.pem that belongs to ca.key signs; the others are of authorities that
 * are trusted as well while one is rotated (docs/security.md). ASG_ERR_DENIED: others may
 * read the key; ASG_ERR_NOT_FOUND: ca.pem is there and the key is not;
 * ASG_ERR_MALFORMED, ASG_ERR_IO: `error` names the file. */
ASG_MUST_USE enum asg_status asg_authority_load_or_make(const char *folder,
                                                        struct asg_authority **ret,
                                                        struct asg_error *error);
void asg_authority_destroy(struct asg_authority **authority);

/* SHA-256 of the certificate that signs, in DER, 64 hex digits: what the join line
 * carries. */
const char *asg_authority_fingerprint(const struct asg_authority *authority);
/* All trusted certificates, PEM, the one that signs first. Lives as long as the
 * authority. */
const char *asg_authority_pem(const struct asg_authority *authority);

/* Sign for the key of a request, after its signature has been checked. `holder` and the
 * times are ours, whatever the request asks for. Appends PEM: the certificate and the
 * authority's. ret_facts may be NULL. Takes some 0.2 ms.
 * ASG_ERR_MALFORMED: no request, a bad signature, or a key that is not ECDSA P-256;
 * ASG_ERR_INVALID: an id with other characters than letters, digits, "-", "_" and ".", or
 * times that are none. */
ASG_MUST_USE enum asg_status asg_authority_sign(struct asg_authority *authority,
                                                const void *request_der, size_t length,
                                                const struct asg_holder *holder,
                                                int64_t from_ms, int64_t until_ms,
                                                struct asg_bytes *ret_pem,
                                                struct asg_certificate_facts *ret_facts,
                                                struct asg_error *error);

/* Hash of the key of a request, after its signature has been checked. Fails likewise. */
ASG_MUST_USE enum asg_status asg_certificate_request_key(const void *request_der,
                                                         size_t length,
                                                         char ret[ASG_KEY_HASH_SIZE],
                                                         struct asg_error *error);

/* ---- its rotation: the operator's side, on the files of a folder ----
 *
 * Three steps, each for the next start of the controller, with the life of a certificate
 * between two of them: the next authority is trusted as well; it signs; the previous one
 * is trusted no more. A step that crashed or is listed twice goes on where it was.
 * Whoever runs them may be root where another's service owns the files. All may fail as
 * asg_authority_load_or_make() does. */

struct asg_rotation {
    bool has_next;                  /* ca.key.next is there */
    size_t trusted;                 /* certificates in ca.pem */
    char signer[ASG_KEY_HASH_SIZE]; /* fingerprint of the one that signs */
    char next[ASG_KEY_HASH_SIZE];   /* of the one that will, "" */
};

/* ASG_ERR_NOT_FOUND: there is no authority yet. */
ASG_MUST_USE enum asg_status asg_authority_look(const char *folder,
                                                struct asg_rotation *ret,
                                                struct asg_error *error);
/* Make ca.key.next, and add its certificate to ca.pem. ASG_ERR_CONFLICT: another
 * authority is still trusted from the rotation before. */
ASG_MUST_USE enum asg_status asg_authority_add_next(const char *folder,
                                                    struct asg_rotation *ret,
                                                    struct asg_error *error);
/* ca.key.next becomes ca.key, which is kept as ca.key.old. ASG_ERR_CONFLICT: there is no
 * next one. */
ASG_MUST_USE enum asg_status asg_authority_take_next(const char *folder,
                                                     struct asg_rotation *ret,
                                                     struct asg_error *error);
/* Trust only the one that signs; the others are kept in ca.pem.old. ASG_ERR_CONFLICT: one
 * of them is still to come. */
ASG_MUST_USE enum asg_status asg_authority_forget(const char *folder,
                                                  struct asg_rotation *ret,
                                                  struct asg_error *error);

/* ---- checks: both sides ---- */

/* Read the first certificate of a PEM text and check that one of `trusted_pem` signed it
 * and that it names a holder of ours. Times are given back and not judged: an expired
 * certificate of a bound key is no sign of anything. ASG_ERR_DENIED: not signed by any of
 * them; ASG_ERR_MALFORMED: no certificate, or it names nobody or several. */
ASG_MUST_USE enum asg_status asg_certificate_check(const char *pem,
                                                   const char *trusted_pem,
                                                   struct asg_certificate_facts *ret,
                                                   struct asg_error *error);

/* Whose key the first certificate of a PEM text holds, whoever signed it: of use only
 * where the handshake has proven that the other side has that key. */
ASG_MUST_USE enum asg_status asg_certificate_facts_of(const char *pem,
                                                      struct asg_certificate_facts *ret,
                                                      struct asg_error *error);

/* Find in a chain (PEM, leaf first) the authority whose fingerprint this is: its PEM is
 * appended. ASG_ERR_DENIED: it is not there. */
ASG_MUST_USE enum asg_status asg_certificate_find_authority(const char *chain_pem,
                                                            const char *fingerprint,
                                                            struct asg_bytes *ret_pem,
                                                            struct asg_error *error);

/* Fingerprint of the first certificate of a PEM text; false: there is none. */
bool asg_certificate_fingerprint(const char *pem, char ret[ASG_KEY_HASH_SIZE]);

/* "openasg://..." of a holder, and back. */
void asg_holder_uri(const struct asg_holder *holder, char ret[ASG_HOLDER_SIZE * 2]);
ASG_MUST_USE enum asg_status asg_holder_read(const char *uri, struct asg_holder *ret);

#endif
