#include "controller/probe_trust.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/id_map.h"
#include "crypto/certificates.h"
#include "crypto/crypto.h"

/* Certificates that are known again, at most; a power of two. */
#define KNOWN_MAX 16384

#define PEM_END   "-----END CERTIFICATE-----"

/* A certificate that was checked and found to be of an instance of ours. */
struct known {
    uint8_t hash[ASG_SHA256_BYTES];
    char instance_id[ASG_ID_MAX + 1]; /* "": this place is free */
    char key_hash[ASG_KEY_HASH_SIZE];
};

struct asg_probe_trust {
    char cluster[ASG_CLUSTER_NAME_SIZE];
    char *trusted_pem;
    pthread_mutex_t mutex; /* guards what follows */
    struct known *known;   /* by the hash; a newer one takes the place of an older */
};

static char *copy_of(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = asg_alloc(1, size);
    memcpy(copy, text, size);
    return copy;
}

struct asg_probe_trust *asg_probe_trust_new(const char *cluster, const char *trusted_pem)
{
    assert(strlen(cluster) < ASG_CLUSTER_NAME_SIZE);
    struct asg_probe_trust *trust = asg_alloc(1, sizeof *trust);
    (void)snprintf(trust->cluster, sizeof trust->cluster, "%s", cluster);
    trust->trusted_pem = copy_of(trusted_pem);
    trust->known = asg_alloc(KNOWN_MAX, sizeof *trust->known);
    (void)pthread_mutex_init(&trust->mutex, NULL);
    return trust;
}

void asg_probe_trust_destroy(struct asg_probe_trust **trust)
{
    struct asg_probe_trust *it = *trust;
    if (it == NULL) return;
    *trust = NULL;
    (void)pthread_mutex_destroy(&it->mutex);
    free(it->trusted_pem);
    free(it->known);
    free(it);
}

void asg_probe_trust_peer(const char *instance_id, const char *tls_key,
                          char ret[ASG_PROBE_PEER_BYTES])
{
    (void)snprintf(ret, ASG_PROBE_PEER_BYTES, "%.*s %.*s", ASG_ID_MAX, instance_id,
                   ASG_KEY_HASH_SIZE - 1, tls_key);
}

static struct known *place_of(struct asg_probe_trust *trust,
                              const uint8_t hash[ASG_SHA256_BYTES])
{
    uint32_t at = 0;
    memcpy(&at, hash, sizeof at);
    return &trust->known[at & (KNOWN_MAX - 1)];
}

/* False: not seen yet. */
static bool find_known(struct asg_probe_trust *trust,
                       const uint8_t hash[ASG_SHA256_BYTES], struct known *ret)
{
    (void)pthread_mutex_lock(&trust->mutex);
    const struct known *place = place_of(trust, hash);
    bool is_there = place->instance_id[0] != '\0' &&
                    memcmp(place->hash, hash, sizeof place->hash) == 0;
    if (is_there) *ret = *place;
    (void)pthread_mutex_unlock(&trust->mutex);
    return is_there;
}

static void keep_known(struct asg_probe_trust *trust, const struct known *known)
{
    (void)pthread_mutex_lock(&trust->mutex);
    *place_of(trust, known->hash) = *known;
    (void)pthread_mutex_unlock(&trust->mutex);
}

/* True: all but the signer is as it should be. */
static bool is_unsigned(const struct asg_probe_trust *trust, const char *chain_pem,
                        const char *peer)
{
    struct asg_certificate_facts facts;
    struct asg_error unused;
    if (asg_certificate_facts_of(chain_pem, &facts, &unused) != ASG_OK ||
        facts.holder.kind != ASG_HOLDER_INSTANCE ||
        strcmp(facts.holder.cluster, trust->cluster) != 0) {
        return false;
    }
    char shown[ASG_PROBE_PEER_BYTES];
    asg_probe_trust_peer(facts.holder.instance_id, facts.key_hash, shown);
    return strcmp(shown, peer) == 0;
}

/* The slow way: signature, cluster, and that it is an instance's. */
static bool read_known(const struct asg_probe_trust *trust, const char *chain_pem,
                       const char *peer, struct known *ret, struct asg_error *reason)
{
    struct asg_certificate_facts facts;
    enum asg_status status =
        asg_certificate_check(chain_pem, trust->trusted_pem, &facts, reason);
    if (status == ASG_ERR_DENIED && is_unsigned(trust, chain_pem, peer)) {
        (void)asg_fail(reason, status,
                       ASG_PROBE_TRUST_UNSIGNED
                       "not signed by a trusted authority: was ca.key or "
                       "ca.pem lost or changed?");
    }
    if (status != ASG_OK) return false;
    if (strcmp(facts.holder.cluster, trust->cluster) != 0) {
        (void)asg_fail(reason, ASG_ERR_DENIED, "the certificate is of another cluster");
        return false;
    }
    if (facts.holder.kind != ASG_HOLDER_INSTANCE) {
        (void)asg_fail(reason, ASG_ERR_DENIED, "the certificate names the controller");
        return false;
    }
    if (strlen(facts.holder.instance_id) > ASG_ID_MAX) {
        (void)asg_fail(reason, ASG_ERR_DENIED, "the certificate names no instance");
        return false;
    }
    memcpy(ret->instance_id, facts.holder.instance_id,
           strlen(facts.holder.instance_id) + 1);
    memcpy(ret->key_hash, facts.key_hash, sizeof ret->key_hash);
    return true;
}

static bool is_bound(const struct known *known, const char *peer,
                     struct asg_error *reason)
{
    size_t length = strcspn(peer, " ");
    if (strlen(known->instance_id) != length ||
        strncmp(known->instance_id, peer, length) != 0) {
        (void)asg_fail(reason, ASG_ERR_DENIED, "the certificate names %s",
                       known->instance_id);
        return false;
    }
    const char *key = peer[length] == '\0' ? "" : peer + length + 1;
    if (key[0] == '\0' || strcmp(known->key_hash, key) != 0) {
        (void)asg_fail(reason, ASG_ERR_DENIED,
                       "the certificate's key is not the one that is bound to it");
        return false;
    }
    return true;
}

bool asg_probe_trust_check(void *context, const char *peer, const char *chain_pem,
                           struct asg_error *reason)
{
    struct asg_probe_trust *trust = context;
    const char *end = strstr(chain_pem, PEM_END);
    size_t length = end == NULL ? strlen(chain_pem) : (size_t)(end - chain_pem);
    struct known known = {0};
    uint8_t hash[ASG_SHA256_BYTES];
    asg_sha256(chain_pem, length, hash);
    if (!find_known(trust, hash, &known)) {
        if (!read_known(trust, chain_pem, peer, &known, reason)) return false;
        memcpy(known.hash, hash, sizeof known.hash);
        keep_known(trust, &known);
    }
    return is_bound(&known, peer, reason);
}
