/* certificate - the certificate that a TLS server shows, and may change while it serves.
 * Threads: any.
 */
#ifndef ASG_HTTP_CERTIFICATE_H
#define ASG_HTTP_CERTIFICATE_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "base/error.h"

struct asg_http_certificate;

/* Of PEM texts: the certificate and those that lead to its root, and its private key.
 * ASG_ERR_INVALID: they are not, or do not belong together. */
ASG_MUST_USE enum asg_status asg_http_certificate_new(const char *certificate,
                                                      const char *private_key,
                                                      struct asg_http_certificate **ret,
                                                      struct asg_error *error);
/* Wipes the key. */
void asg_http_certificate_destroy(struct asg_http_certificate **certificate);

/* As new; when it fails, all stays as it was. */
ASG_MUST_USE enum asg_status asg_http_certificate_set(
    struct asg_http_certificate *certificate, const char *text, const char *private_key,
    struct asg_error *error);

/* gnutls_certificate_retrieve_function3: what the session's handshake shows. The
 * session's pointer (gnutls_session_set_ptr) is the struct asg_http_certificate. */
int asg_http_certificate_show(gnutls_session_t session,
                              const struct gnutls_cert_retr_st *info,
                              gnutls_pcert_st **ret_list, unsigned *ret_count,
                              gnutls_ocsp_data_st **ret_ocsp, unsigned *ret_ocsp_count,
                              gnutls_privkey_t *ret_key, unsigned *flags);

#endif
