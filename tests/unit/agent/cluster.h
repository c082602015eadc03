/* cluster - an authority of its own, and what it would answer an agent. */
#ifndef ASG_TESTS_UNIT_AGENT_CLUSTER_H
#define ASG_TESTS_UNIT_AGENT_CLUSTER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/membership.h"
#include "base/clock.h"

#include "lib/check.h"

#define CLUSTER_NAME  "0123456789abcdef0123456789abcdef"
#define CLUSTER_OTHER "fedcba9876543210fedcba9876543210"
#define REPORTS_KEY   "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

struct cluster {
    char folder[64];
    struct asg_authority *authority;
};

static inline void cluster_start(struct cluster *cluster)
{
    struct asg_error error;
    (void)snprintf(cluster->folder, sizeof cluster->folder, "/tmp/asg-ca-XXXXXX");
    assert_non_null(mkdtemp(cluster->folder));
    assert_status(
        ASG_OK, asg_authority_load_or_make(cluster->folder, &cluster->authority, &error));
}

static inline void cluster_end(struct cluster *cluster)
{
    char path[128];
    asg_authority_destroy(&cluster->authority);
    (void)snprintf(path, sizeof path, "%s/ca.key", cluster->folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/ca.pem", cluster->folder);
    (void)unlink(path);
    assert_int_equal(0, rmdir(cluster->folder));
}

/* instance_id NULL: the controller's. */
static inline void cluster_sign(struct cluster *cluster, const void *request,
                                size_t length, const char *name, const char *instance_id,
                                struct asg_bytes *ret_pem)
{
    struct asg_holder holder = {.kind = instance_id == NULL ? ASG_HOLDER_CONTROLLER
                                                            : ASG_HOLDER_INSTANCE};
    (void)snprintf(holder.cluster, sizeof holder.cluster, "%s", name);
    if (instance_id != NULL) {
        (void)snprintf(holder.instance_id, sizeof holder.instance_id, "%s", instance_id);
    }
    struct asg_clock clock = asg_clock_real();
    int64_t now_ms = asg_clock_wall_ms(&clock);
    struct asg_error error;
    assert_status(ASG_OK, asg_authority_sign(cluster->authority, request, length, &holder,
                                             now_ms - 60000, now_ms + 3600000, ret_pem,
                                             NULL, &error));
}

static inline void cluster_sign_key(struct cluster *cluster,
                                    const struct asg_tls_key *key, const char *name,
                                    const char *instance_id, struct asg_bytes *ret_pem)
{
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes request = {0};
    asg_certificate_request(key, &request);
    cluster_sign(cluster, request.data, request.length, name, instance_id, ret_pem);
}

static inline struct asg_enrolled cluster_enrol(struct cluster *cluster,
                                                const struct asg_tls_key *key,
                                                const char *instance_id)
{
    struct asg_enrolled enrolled = {.is_set = true,
                                    .cluster = CLUSTER_NAME,
                                    .reports = {"tcp://127.0.0.1:1", "tcp://127.0.0.1:2"},
                                    .report_count = 2,
                                    .reports_key = REPORTS_KEY,
                                    .renew_at_ms = 1700000000123};
    (void)snprintf(enrolled.ca, sizeof enrolled.ca, "%s",
                   asg_authority_fingerprint(cluster->authority));
    cluster_sign_key(cluster, key, CLUSTER_NAME, instance_id, &enrolled.certificate);
    asg_bytes_append_text(&enrolled.authorities, asg_authority_pem(cluster->authority));
    return enrolled;
}

#endif
