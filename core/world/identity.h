/* identity - the keys that are bound to an instance: those of its agent.
 *
 * Only what is enrolled has one. A key belongs to one instance at most, and is free again
 * when the instance is forgotten or an operator has its keys forgotten.
 */
#ifndef ASG_CORE_WORLD_IDENTITY_H
#define ASG_CORE_WORLD_IDENTITY_H

#include "core/values/key_text.h"
#include "core/world/world.h"

struct identity {
    struct instance *instance;        /* not saved */
    uint8_t curve_key[ASG_KEY_BYTES]; /* of its reports */
    uint8_t tls_key[ASG_KEY_BYTES];   /* SHA-256 of its TLS public key */
    bool is_disputed;                 /* other keys were asked for: the alarm stands */
};

struct asg_key_pair_texts {
    char curve_key[ASG_CURVE_KEY_CHARS + 1];
    char tls_key[ASG_TLS_KEY_CHARS + 1];
};

/* Empty look-ups, and their end. */
void asg_identity_init(struct asg_core *core);
void asg_identity_clear(struct asg_core *core);

/* The instance has none yet, and neither key is bound to another. */
void asg_identity_bind(struct asg_core *core, struct instance *instance,
                       const uint8_t curve_key[ASG_KEY_BYTES],
                       const uint8_t tls_key[ASG_KEY_BYTES]);

/* Fine when it has none. */
void asg_identity_forget(struct asg_core *core, struct instance *instance);

/* A zeroed one, for loading; asg_identity_index() makes it known. False: somebody has one
 * of its keys already. */
struct identity *asg_identity_push(struct instance *instance);
bool asg_identity_index(struct asg_core *core, struct identity *identity);

/* Whoever has one of the two keys; NULL: nobody. */
const struct identity *asg_identity_find(const struct asg_core *core,
                                         const uint8_t curve_key[ASG_KEY_BYTES],
                                         const uint8_t tls_key[ASG_KEY_BYTES]);

/* Other keys were asked for; a false notice of Spot was shown. Counted with the group. */
void asg_identity_set_disputed(struct identity *identity, bool is_disputed);
void asg_instance_set_misled(struct instance *instance, bool is_misled);

/* As members carry them: "" when it is not enrolled. */
void asg_identity_texts(const struct instance *instance, struct asg_key_pair_texts *ret);

#endif
