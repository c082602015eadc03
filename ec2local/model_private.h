/* model_private - what the model_*.c files share and nobody else sees. */
#ifndef ASG_EC2LOCAL_MODEL_PRIVATE_H
#define ASG_EC2LOCAL_MODEL_PRIVATE_H

#include "ec2local/model.h"

#include "base/id_map.h"

#define NEVER_MS INT64_MAX

/* Addresses that may be given out: a range, or a list. */
struct address_pool {
    uint32_t base;
    uint32_t size;
    uint32_t *list; /* NULL: base, base + 1, ... */
    bool *used;
    uint32_t next; /* where the search for a free one begins */
    uint32_t free;
};

/* An answered ClientToken: the hash of its parameters and what it made. */
struct token {
    uint8_t parameters[32];
    char (*ids)[ASG_WORLD_ID_SIZE];
    size_t count;
};

#define KEY_SIZE 33 /* 32 hex digits and a zero */

struct asg_world {
    struct asg_world_options options;
    char region[32];
    char account_id[16];
    uint64_t random;
    struct asg_world_zone zones[ASG_WORLD_ZONES];
    struct asg_world_subnet **subnets; /* the default ones first, deleted ones too */
    size_t subnet_count;
    struct asg_world_vpc **vpcs;
    size_t vpc_count;
    struct asg_world_security **securities;
    size_t security_count;
    struct asg_world_key **keys;
    size_t key_count;
    struct address_pool pools[ASG_WORLD_ZONES]; /* with a list: only the first */
    struct asg_world_instance **instances;      /* in order of launch */
    size_t instance_count;
    size_t instance_capacity;
    struct asg_id_map by_id; /* id to place in instances[] */
    uint64_t sequence;
    uint32_t live_count; /* pending, running, stopping */
    uint32_t live_vcpus;
    uint32_t next_zone; /* where the next launch without a zone goes */
    int64_t next_ms;
    struct token *tokens;
    size_t token_count;
    size_t token_capacity;
    struct asg_id_map by_token; /* hash of token and scope to place in tokens[] */
    struct kept_fleet **fleets; /* answered CreateFleets that had a token */
    size_t fleet_count;
    size_t fleet_capacity;
    struct asg_id_map by_fleet_token; /* its key to place in fleets[] */
    struct asg_world_template **templates;
    size_t template_count;
    size_t template_capacity;
    /* To places in templates[]: by id and by key of the name those that are not deleted,
     * by key of the token all that were made with one. */
    struct asg_id_map by_template_id;
    struct asg_id_map by_template_name;
    struct asg_id_map by_template_token;
};

#define ASG_WORLD_RESERVED 5 /* addresses of each subnet that EC2 keeps for itself */

/* The default VPC and its security group; and the end of all of them. */
void asg_world_found_network(struct asg_world *world);
void asg_world_clear_network(struct asg_world *world);
void asg_world_clear_securities(struct asg_world *world);
struct asg_world_subnet *asg_world_add_subnet(struct asg_world *world, size_t zone);
void asg_world_add_default_security(struct asg_world *world, const char *vpc_id,
                                    const char *id);
/* Beside the default one; and drop that. */
bool asg_world_has_securities(const struct asg_world *world, const char *vpc_id);
void asg_world_drop_securities(struct asg_world *world, const char *vpc_id);
/* Which of the zones a subnet is in. */
size_t asg_world_zone_of(const struct asg_world *world,
                         const struct asg_world_subnet *subnet);

/* A text of any length as a key of an id_map: the hash of scope and text. */
void asg_world_make_key(const char *scope, const char *text, char ret[KEY_SIZE]);
/* The one of this id that is not deleted, or NULL. */
struct asg_world_template *asg_world_template_of_id(const struct asg_world *world,
                                                    const char *id);
void asg_world_fleets_clear(struct asg_world *world);
/* NULL: EC2 has none of that name. */
const struct asg_world_type *asg_world_find_type(const char *name);
/* "Up to 64 ASCII characters" (Ensuring idempotency). */
enum asg_status asg_world_check_token(const char *text,
                                      struct asg_world_refusal *refusal);
enum asg_status asg_world_refuse_mismatch(struct asg_world_refusal *refusal);
enum asg_status asg_world_refuse_dry_run(struct asg_world_refusal *refusal);

/* Fill the refusal and return ASG_ERR_DENIED. */
enum asg_status asg_world_refuse(struct asg_world_refusal *refusal, int http_status,
                                 const char *code, const char *format, ...)
    ASG_PRINTF(4, 5);

uint64_t asg_world_random(struct asg_world *world);
/* "i-" and 17 hex digits. */
void asg_world_make_id(struct asg_world *world, const char *prefix,
                       char ret[ASG_WORLD_ID_SIZE]);

/* Copies; NULL stays NULL. */
char *asg_world_copy(const char *text);
void asg_world_data_copy(const struct asg_world_data *from, struct asg_world_data *to);
void asg_world_data_clear(struct asg_world_data *data);
/* What `over` says wins; tags of one key too. */
void asg_world_data_merge(const struct asg_world_data *under,
                          const struct asg_world_data *over, struct asg_world_data *ret);

/* Set all of them. */
void asg_world_tags_add(struct asg_world_tags *tags, const struct asg_world_tags *more);
/* Set or add; takes copies. */
void asg_world_tags_set(struct asg_world_tags *tags, const char *key, const char *value);
/* value NULL: whatever it is. */
void asg_world_tags_remove(struct asg_world_tags *tags, const char *key,
                           const char *value);
void asg_world_tags_clear(struct asg_world_tags *tags);
ASG_MUST_USE enum asg_status asg_world_tags_check(const struct asg_world_tags *tags,
                                                  struct asg_world_refusal *refusal);

/* 0: none free. */
uint32_t asg_world_take_address(struct asg_world *world, struct asg_world_subnet *subnet);
void asg_world_give_address(struct asg_world *world, struct asg_world_instance *instance);
/* Each subnet says how many of its addresses are free. */
void asg_world_show_free_addresses(struct asg_world *world);

/* Note a change of state and when the next is due (NEVER_MS: none by itself). */
void asg_world_change_state(struct asg_world *world, struct asg_world_instance *instance,
                            enum asg_world_state state, int64_t now_ms, int64_t due_ms);
bool asg_world_is_live(enum asg_world_state state);
int64_t asg_world_boot_delay(struct asg_world *world);
void asg_world_add_effect(struct asg_world_effects *effects,
                          enum asg_world_effect_kind kind, const char *id);
void asg_world_release_launch(struct asg_world_launch **launch);

/* Look the ids up as a reader lag_ms behind would; one unknown id refuses all.
 * ret: `count` pointers. */
ASG_MUST_USE enum asg_status asg_world_look_up(const struct asg_world *world,
                                               const struct asg_world_ids *ids,
                                               int64_t now_ms, int64_t lag_ms,
                                               struct asg_world_instance **ret,
                                               struct asg_world_refusal *refusal);

#endif
