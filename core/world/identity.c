#include "core/world/identity.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/world/touched.h"

static const char *curve_key_of(const void *identity)
{
    return (const char *)((const struct identity *)identity)->curve_key;
}

static const char *tls_key_of(const void *identity)
{
    return (const char *)((const struct identity *)identity)->tls_key;
}

void asg_identity_init(struct asg_core *core)
{
    asg_text_index_init_bytes(&core->curve_keys, curve_key_of, ASG_KEY_BYTES);
    asg_text_index_init_bytes(&core->tls_keys, tls_key_of, ASG_KEY_BYTES);
}

void asg_identity_clear(struct asg_core *core)
{
    assert(core->step == NULL); /* nobody looks for a key */
    asg_text_index_clear(&core->curve_keys);
    asg_text_index_clear(&core->tls_keys);
}

struct identity *asg_identity_push(struct instance *instance)
{
    assert(instance->identity == NULL);
    instance->identity = asg_alloc(1, sizeof *instance->identity);
    instance->identity->instance = instance;
    return instance->identity;
}

bool asg_identity_index(struct asg_core *core, struct identity *identity)
{
    assert(identity->instance != NULL && identity->instance->identity == identity);
    if (asg_identity_find(core, identity->curve_key, identity->tls_key) != NULL) {
        return false;
    }
    asg_text_index_add(&core->curve_keys, identity);
    asg_text_index_add(&core->tls_keys, identity);
    assert(core->curve_keys.count == core->tls_keys.count);
    return true;
}

void asg_identity_bind(struct asg_core *core, struct instance *instance,
                       const uint8_t curve_key[ASG_KEY_BYTES],
                       const uint8_t tls_key[ASG_KEY_BYTES])
{
    struct identity *identity = asg_identity_push(instance);
    memcpy(identity->curve_key, curve_key, ASG_KEY_BYTES);
    memcpy(identity->tls_key, tls_key, ASG_KEY_BYTES);
    bool is_new = asg_identity_index(core, identity);
    assert(is_new); /* the caller has looked */
    (void)is_new;
    asg_touch(instance);
}

void asg_identity_forget(struct asg_core *core, struct instance *instance)
{
    struct identity *identity = instance->identity;
    if (identity == NULL) return;
    assert(identity->instance == instance);
    asg_identity_set_disputed(identity, false);
    asg_text_index_remove(&core->curve_keys, identity);
    asg_text_index_remove(&core->tls_keys, identity);
    assert(core->curve_keys.count == core->tls_keys.count);
    free(identity);
    instance->identity = NULL;
    asg_touch(instance);
}

const struct identity *asg_identity_find(const struct asg_core *core,
                                         const uint8_t curve_key[ASG_KEY_BYTES],
                                         const uint8_t tls_key[ASG_KEY_BYTES])
{
    const struct identity *by_curve_key =
        asg_text_index_find(&core->curve_keys, (const char *)curve_key);
    if (by_curve_key != NULL) return by_curve_key;
    assert(core->curve_keys.count == core->tls_keys.count); /* each has both */
    return asg_text_index_find(&core->tls_keys, (const char *)tls_key);
}

static void count(struct instance *instance, uint32_t *of, bool is_one_more)
{
    assert(is_one_more || *of > 0);
    *of += is_one_more ? 1 : UINT32_MAX; /* one less */
    asg_touch(instance);
    asg_touch_sheet(instance->group);
}

void asg_identity_set_disputed(struct identity *identity, bool is_disputed)
{
    if (identity->is_disputed == is_disputed) return;
    assert(identity->instance->group != NULL);
    identity->is_disputed = is_disputed;
    count(identity->instance, &identity->instance->group->disputed, is_disputed);
}

void asg_instance_set_misled(struct instance *instance, bool is_misled)
{
    if (instance->notice.is_false == is_misled) return;
    assert(!is_misled || !instance->is_spot);
    instance->notice.is_false = is_misled;
    count(instance, &instance->group->misled, is_misled);
}

void asg_identity_texts(const struct instance *instance, struct asg_key_pair_texts *ret)
{
    *ret = (struct asg_key_pair_texts){"", ""};
    if (instance->identity == NULL) return;
    assert(instance->id[0] != '\0');
    asg_key_write_curve(instance->identity->curve_key, ret->curve_key);
    asg_key_write_tls(instance->identity->tls_key, ret->tls_key);
}
