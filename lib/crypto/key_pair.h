/* key_pair - SSH key pairs as EC2 makes and names them: PEM text and fingerprints.
 * Threads: no state. Blocks: an RSA key takes a tenth of a second or so.
 */
#ifndef ASG_CRYPTO_KEY_PAIR_H
#define ASG_CRYPTO_KEY_PAIR_H

#include <stdbool.h>

#include "base/bytes.h"

#define ASG_FINGERPRINT_SIZE 64

/* Make a pair: append the private key as PEM, and write its fingerprint: of RSA (2048
 * bits) the SHA-1 of the private key in PKCS #8, of Ed25519 the SHA-256 of the public
 * one. Ends the process when OpenSSL cannot: nothing works then. */
void asg_key_pair_make(bool is_ed25519, struct asg_bytes *ret_pem,
                       char ret_fingerprint[ASG_FINGERPRINT_SIZE]);

/* The fingerprint of a public key as it stands in authorized_keys ("ssh-rsa AAAA...
 * name"): of RSA the MD5 of the key in DER, of Ed25519 the SHA-256. *ret_type: "rsa" or
 * "ed25519". ASG_ERR_MALFORMED: it is neither. */
ASG_MUST_USE enum asg_status asg_key_pair_fingerprint(
    const char *public_key, const char **ret_type,
    char ret_fingerprint[ASG_FINGERPRINT_SIZE]);

#endif
