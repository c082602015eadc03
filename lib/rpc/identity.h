/* identity - what tls.h calls an identity, as this room uses it. Only for the sources of
 * lib/rpc: it shows gRPC's and OpenSSL's types. */
#ifndef ASG_RPC_IDENTITY_H
#define ASG_RPC_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include <grpc/grpc.h>
#include <openssl/ssl.h>

#include "rpc/tls.h"

/* One more hold; ended with asg_rpc_identity_destroy(). NULL stays NULL. */
struct asg_rpc_identity *asg_rpc_identity_hold(struct asg_rpc_identity *identity);
bool asg_rpc_identity_has_certificate(struct asg_rpc_identity *identity);
bool asg_rpc_identity_has_trusted(struct asg_rpc_identity *identity);

/* What connections of clients are made of, with the certificate as it is now; ended with
 * SSL_CTX_free(). It believes everyone: who asks must check. *ret_generation changes with
 * the certificate. `keep` hears of sessions that can be resumed
 * (SSL_CTX_sess_set_new_cb); all who ask must give the same. */
SSL_CTX *asg_rpc_identity_client(struct asg_rpc_identity *identity,
                                 int (*keep)(SSL *ssl, SSL_SESSION *session),
                                 uint64_t *ret_generation);

/* The certificate that one port has shown last; one for each port. */
struct asg_rpc_port_identity {
    struct asg_rpc_identity *identity; /* held; NULL: plaintext */
    uint64_t generation;
};

/* Never NULL; ended with grpc_server_credentials_release(). `port` must outlive the
 * server: it is asked at every handshake whether its identity has changed. */
grpc_server_credentials *asg_rpc_identity_server(struct asg_rpc_port_identity *port,
                                                 bool wants_client_certificate);

#endif
