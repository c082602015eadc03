/* tls - how both ends of a gRPC connection prove who they are.
 *
 * What a certificate says is judged by the caller of this room (`check`), not by gRPC: it
 * gets the chain as PEM and whom it asked for, because certificates here name instances
 * and not hosts, and because one that expired may still be believed (docs/security.md).
 * TLS 1.2 or newer: gRPC core's on servers, tunnel.h's on clients. Either proves that the
 * peer holds the key. Texts of PEM are copied; nothing here blocks.
 * Threads: any; check() runs on the client's tunnel thread, which all its connections
 * wait for, and must not block.
 */
#ifndef ASG_RPC_TLS_H
#define ASG_RPC_TLS_H

#include <stdbool.h>

#include "base/error.h"

/* A certificate chain and its key, and whom to trust. Counted; may be replaced while
 * connections live: new handshakes use the new one. */
struct asg_rpc_identity;

/* `certificate_pem` (leaf first) and `key_pem` NULL: a client without a certificate.
 * `trusted_pem`: who may have signed the certificates of a server's clients; a client
 * does not use it (its `check` knows whom it trusts) and may give NULL.
 * ASG_ERR_MALFORMED: they do not belong together or are no PEM. */
ASG_MUST_USE enum asg_status asg_rpc_identity_new(const char *certificate_pem,
                                                  const char *key_pem,
                                                  const char *trusted_pem,
                                                  struct asg_rpc_identity **ret,
                                                  struct asg_error *error);
/* Put others in their place, from any thread. Fails as above and changes nothing then. */
ASG_MUST_USE enum asg_status asg_rpc_identity_replace(struct asg_rpc_identity *identity,
                                                      const char *certificate_pem,
                                                      const char *key_pem,
                                                      const char *trusted_pem,
                                                      struct asg_error *error);
/* Drops the caller's own hold; servers and clients keep theirs. */
void asg_rpc_identity_destroy(struct asg_rpc_identity **identity);

/* May the server at the other end be believed? `chain_pem` has the leaf first, `peer` is
 * what the call named (asg_rpc_client_call_as). False ends the connection; the call comes
 * back as UNAUTHENTICATED with `reason` as its details. The key itself needs no check:
 * the handshake has proven that the server holds it. */
typedef bool asg_rpc_check_server(void *context, const char *peer, const char *chain_pem,
                                  struct asg_error *reason);

#endif
