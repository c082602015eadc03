/* model - a pretend EC2 region: what it holds, what each request does to it.
 *
 * Pure: no I/O, no clock, no randomness but from its seed. Requests go in, replies and
 * effects (boot this, kill that) come out; the program carries the effects out with real
 * process trees, the simulator with pretended ones. Rules come from the EC2 API reference
 * and "Ensuring idempotency in Amazon EC2 API requests".
 *
 * Flow:     ec2_query -> [model] -> effects -> run_world -> boot
 * Time:     milliseconds since the epoch, always passed in, never going back.
 * Errors:   a refused request fills a refusal with EC2's code and text and returns
 *           ASG_ERR_DENIED; the world is then unchanged.
 * Threads:  one owner at a time; no locks inside. Blocks: never.
 */
#ifndef ASG_EC2LOCAL_MODEL_H
#define ASG_EC2LOCAL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#define ASG_WORLD_ID_SIZE                                                                \
    32 /* "subnet-0123456789abcdef0" and a zero; id_map takes it                         \
        */
#define ASG_WORLD_ZONES         3
#define ASG_WORLD_HISTORY       8 /* changes of state remembered, for a lagging describe */
#define ASG_WORLD_TOKEN_MAX     64
#define ASG_WORLD_USER_DATA_MAX 16384 /* before base64 */
#define ASG_WORLD_TAGS_MAX      50
#define ASG_WORLD_BATCH_MAX     1000
#define ASG_WORLD_MESSAGE_MAX                                                            \
    (21 * ASG_WORLD_BATCH_MAX + 64) /* it may name as many ids */
#define ASG_WORLD_GROUPS_MAX  16    /* security groups of an instance */
#define ASG_WORLD_VOLUMES_MAX 40    /* block devices that a launch names */

struct asg_world;

struct asg_world_refusal {
    const char *code; /* EC2's, static */
    int http_status;
    char message[ASG_WORLD_MESSAGE_MAX];
};

/* Numbers are EC2's instance-state-code. */
enum asg_world_state {
    ASG_WORLD_PENDING = 0,
    ASG_WORLD_RUNNING = 16,
    ASG_WORLD_SHUTTING_DOWN = 32,
    ASG_WORLD_TERMINATED = 48,
    ASG_WORLD_STOPPING = 64,
    ASG_WORLD_STOPPED = 80,
};

/* "pending", "shutting-down"; static. */
const char *asg_world_state_name(enum asg_world_state state);

/* --- tags --- */

struct asg_world_tag {
    char *key;
    char *value;
};

struct asg_world_tags {
    struct asg_world_tag *items;
    size_t count;
};

/* --- what the region offers --- */

struct asg_world_zone {
    char name[32]; /* "us-east-1a" */
    char id[16];   /* "use1-az1" */
};

struct asg_world_subnet {
    char id[ASG_WORLD_ID_SIZE];
    char cidr[32];
    const struct asg_world_zone *zone;
    uint32_t free_addresses;
    char vpc_id[ASG_WORLD_ID_SIZE];
    bool is_default; /* of its zone */
    bool maps_public;
    bool is_deleted; /* no longer listed; kept for instances that were there */
    uint32_t
        size; /* instances that fit into its block; 0: as many as there are addresses */
    uint32_t used; /* by instances that are not terminated */
    struct asg_world_tags tags;
};

struct asg_world_type {
    const char *name;
    uint32_t vcpus;
    uint32_t memory_mib;
    bool is_arm;
    uint32_t
        price_micro; /* of an hour on demand, in millionths of a dollar; 0: made up */
    bool is_current; /* of the current generation */
};

struct asg_world_image {
    const char *id;
    const char *name;
    const char *description;
    bool is_arm;
};

/* --- launch data --- */

/* The value of a key; NULL: it is not there. */
const char *asg_world_tags_find(const struct asg_world_tags *tags, const char *key);

/* What a launch needs, from the request or from a template; NULL: not said. */
struct asg_world_data {
    char *image_id;
    char *instance_type;
    char *subnet_id;
    char *zone;
    char *user_data; /* base64, as it came */
    char *key_name;
    bool is_spot;
    bool is_protected;          /* DisableApiTermination */
    struct asg_world_tags tags; /* of the instances */
    /* All that a template or a launch says (model/launch_fields.h), as requests name it;
     * what stands above is there as well. */
    struct asg_world_tags parameters;
};

/* --- instances --- */

/* One accepted RunInstances: what its instances share. */
struct asg_world_launch {
    char reservation_id[ASG_WORLD_ID_SIZE];
    char token[ASG_WORLD_TOKEN_MAX + 1];
    struct asg_world_data data;
    int64_t at_ms;
    uint32_t references; /* instances and the token */
};

struct asg_world_change {
    enum asg_world_state state;
    int64_t at_ms;
};

struct asg_world_instance {
    char id[ASG_WORLD_ID_SIZE];
    uint64_t sequence; /* order of launch, from 1 */
    struct asg_world_launch *launch;
    uint32_t launch_index;
    const struct asg_world_type *type;
    struct asg_world_subnet *subnet;
    uint32_t address; /* host byte order */
    char address_text[16];
    int64_t launched_at_ms; /* last start */
    enum asg_world_state state;
    int64_t due_ms; /* of the next change; INT64_MAX: none by itself */
    struct asg_world_change history[ASG_WORLD_HISTORY];
    uint32_t history_count;
    bool is_protected;
    bool dies;     /* accepted, then terminated by "EC2" instead of running */
    bool has_tree; /* the program was told to boot it and has not said it ended */
    bool reboots;  /* it boots again when its tree has ended */
    bool counts;   /* its address is taken */
    const char *reason_code; /* of the last change; "" : none; static */
    const char *reason_message;
    int64_t taken_back_ms; /* spot interruption: when; 0: none announced */
    int64_t risk_ms;       /* rebalance recommendation: when it was made; 0: none */
    char event_code[32];   /* of a scheduled event; "" : none */
    int64_t event_ms;      /* when it begins */
    bool is_impaired;      /* its status checks fail while it runs */
    char transition[64];   /* "User initiated (2026-11-23 15:30:00 GMT)" */
    struct asg_world_tags tags;
};

/* --- effects --- */

enum asg_world_effect_kind {
    ASG_WORLD_BOOT,   /* start its process tree */
    ASG_WORLD_KILL,   /* end it, then call asg_world_tree_ended() */
    ASG_WORLD_FORGET, /* it is no longer listed */
};

struct asg_world_effect {
    enum asg_world_effect_kind kind;
    char id[ASG_WORLD_ID_SIZE];
};

struct asg_world_effects {
    struct asg_world_effect *items;
    size_t count;
    size_t capacity;
};

void asg_world_effects_clear(struct asg_world_effects *effects);

/* --- the world --- */

struct asg_world_options {
    const char *region;     /* "us-east-1" */
    const char *account_id; /* twelve digits */
    uint64_t seed;          /* of ids and delays */
    int64_t boot_min_ms;    /* pending to running */
    int64_t boot_max_ms;
    int64_t stop_ms;           /* shutting-down to terminated, stopping to stopped */
    int64_t keep_ms;           /* terminated instances stay listed this long */
    uint32_t instance_limit;   /* pending and running ones; 0: no limit */
    uint32_t vcpu_limit;       /* 0: no limit */
    uint32_t cidr_base;        /* host byte order; the zones get a quarter each */
    uint32_t cidr_bits;        /* 8 to 26 */
    const uint32_t *addresses; /* instead: exactly these, shared by all zones; copied */
    size_t address_count;
};

/* ASG_ERR_INVALID: a delay below 0, max below min, cidr_bits out of range. */
ASG_MUST_USE enum asg_status asg_world_new(const struct asg_world_options *options,
                                           struct asg_world **ret);
void asg_world_destroy(struct asg_world **world);

/* From now on at most so many pending and running instances, over those there are;
 * negative: no limit. */
void asg_world_leave_room(struct asg_world *world, int64_t instances);
const struct asg_world_options *asg_world_options(const struct asg_world *world);
const struct asg_world_zone *asg_world_zones(const struct asg_world *world);
/* The default one of each zone, ASG_WORLD_ZONES of them; others: model_network.h. */
struct asg_world_subnet *const *asg_world_subnets(const struct asg_world *world);
const struct asg_world_type *asg_world_types(size_t *ret_count);
const struct asg_world_image *asg_world_images(size_t *ret_count);
const char *asg_world_vpc_id(void);

/* Let time pass: changes that are due happen, effects are added to *effects. */
void asg_world_advance(struct asg_world *world, int64_t now_ms,
                       struct asg_world_effects *effects);

/* When the next change is due; INT64_MAX: not before the next request. */
int64_t asg_world_next_ms(const struct asg_world *world);

/* The processes of an instance that was to be killed are gone. Unknown ids are fine. */
void asg_world_tree_ended(struct asg_world *world, const char *id);

/* The instance of an id whatever its state, NULL when not listed. Valid until the next
 * asg_world_advance(). */
const struct asg_world_instance *asg_world_find(const struct asg_world *world,
                                                const char *id);

/* Its state as a reader who is lag_ms behind sees it; false: not there yet. */
bool asg_world_state_seen(const struct asg_world_instance *instance, int64_t now_ms,
                          int64_t lag_ms, enum asg_world_state *ret);

/* --- requests --- */

/* A template by id or by name, and "7", "$Latest", "$Default" or NULL for the default. */
struct asg_world_template_reference {
    const char *id;
    const char *name;
    const char *version;
};

/* Has the pool room? Asked before anything is launched there. */
typedef bool asg_world_capacity(void *context, const char *type, const char *zone,
                                bool is_spot);

struct asg_world_run_request {
    const char *client_token; /* NULL: none */
    int64_t min_count;
    int64_t max_count;
    struct asg_world_data data;
    struct asg_world_template_reference template;
    bool has_subnet; /* of the instance itself, not of a network interface */
    bool is_dry_run;
    bool dies;         /* fault: accepted, but terminated by "EC2" at once */
    bool starts_fewer; /* fault: no more than min_count */
    asg_world_capacity *has_capacity; /* NULL: there is room everywhere */
    void *context;
};

struct asg_world_instances {
    const struct asg_world_instance **items; /* in the arena given */
    size_t count;
    const char *next_token; /* NULL: that was the last page */
};

/* Launch, or give the instances of the same token again. */
ASG_MUST_USE enum asg_status asg_world_run(struct asg_world *world,
                                           const struct asg_world_run_request *request,
                                           int64_t now_ms, struct asg_arena *arena,
                                           struct asg_world_instances *ret,
                                           struct asg_world_refusal *refusal);

struct asg_world_ids {
    const char **items;
    size_t count;
};

struct asg_world_filter {
    const char *name;
    struct asg_world_ids values;
};

struct asg_world_query {
    struct asg_world_ids ids;
    const struct asg_world_filter *filters;
    size_t filter_count;
    int64_t max_results; /* 0: no pages */
    const char *next_token;
    int64_t lag_ms;       /* how far behind the answer may be */
    bool is_running_only; /* DescribeInstanceStatus without IncludeAllInstances */
    int64_t max_results_min;
    int64_t max_results_max;
};

ASG_MUST_USE enum asg_status asg_world_describe(const struct asg_world *world,
                                                const struct asg_world_query *query,
                                                int64_t now_ms, struct asg_arena *arena,
                                                struct asg_world_instances *ret,
                                                struct asg_world_refusal *refusal);

struct asg_world_moves {
    struct asg_world_move {
        const struct asg_world_instance *instance;
        enum asg_world_state before;
        enum asg_world_state after;
    } * items; /* in the arena given */
    size_t count;
};

enum asg_world_verb {
    ASG_WORLD_TERMINATE,
    ASG_WORLD_STOP,
    ASG_WORLD_START,
    ASG_WORLD_REBOOT /* its processes end and boot again; it stays running */
};

struct asg_world_move_request {
    enum asg_world_verb verb;
    struct asg_world_ids ids;
    bool is_dry_run;
    int64_t lag_ms; /* ids younger than this are not known yet */
};

/* One bad id: nothing happens. A protected instance: nothing in its zone happens, the
 * others are terminated, and the call is refused all the same (TerminateInstances,
 * API reference). */
ASG_MUST_USE enum asg_status asg_world_move(struct asg_world *world,
                                            const struct asg_world_move_request *request,
                                            int64_t now_ms, struct asg_arena *arena,
                                            struct asg_world_moves *ret,
                                            struct asg_world_effects *effects,
                                            struct asg_world_refusal *refusal);

ASG_MUST_USE enum asg_status asg_world_protect(struct asg_world *world, const char *id,
                                               bool is_protected,
                                               struct asg_world_refusal *refusal);

/* --- what EC2 announces --- */

enum asg_world_notice {
    ASG_WORLD_INTERRUPTION,    /* it is terminated at at_ms, if it still runs */
    ASG_WORLD_REBALANCE,       /* recommended at at_ms */
    ASG_WORLD_SCHEDULED_EVENT, /* `code` from at_ms on; "" calls it off */
    ASG_WORLD_IMPAIRED         /* its status checks fail; `code` "": they pass again */
};

/* False: no such running instance, or an interruption of one that is not spot. */
bool asg_world_announce(struct asg_world *world, const char *id,
                        enum asg_world_notice notice, const char *code, int64_t at_ms);

struct asg_world_group_name {
    const char *id;
    const char *name;
};

/* Security groups of an instance, the network's default one when its launch names none.
 * Returns how many, ASG_WORLD_GROUPS_MAX at most. */
size_t asg_world_groups_of(const struct asg_world *world,
                           const struct asg_world_instance *instance,
                           struct asg_world_group_name ret[ASG_WORLD_GROUPS_MAX]);

/* The device of the volume that block device mapping `number` (from 1) makes; NULL: it
 * makes none (left out, suppressed, or a disk of the host). */
const char *asg_world_volume_device(const struct asg_world_instance *instance,
                                    unsigned number);

/* Of its status checks in a state: "ok", "impaired" or "not-applicable". */
const char *asg_world_status_name(const struct asg_world_instance *instance,
                                  enum asg_world_state state);

/* --- tags, of instances and launch templates --- */

struct asg_world_tag_request {
    struct asg_world_ids ids;
    struct asg_world_tags tags; /* value NULL in a removal: whatever it is */
    bool is_removal;
    bool is_dry_run;
    int64_t now_ms;
    int64_t lag_ms;
};

ASG_MUST_USE enum asg_status asg_world_tag(struct asg_world *world,
                                           const struct asg_world_tag_request *request,
                                           struct asg_world_refusal *refusal);

struct asg_world_tag_rows {
    struct asg_world_tag_row {
        const char *id;
        const char *kind; /* "instance", "launch-template" */
        const char *key;
        const char *value;
    } * items; /* in the arena given */
    size_t count;
    const char *next_token;
};

ASG_MUST_USE enum asg_status asg_world_list_tags(const struct asg_world *world,
                                                 const struct asg_world_query *query,
                                                 struct asg_arena *arena,
                                                 struct asg_world_tag_rows *ret,
                                                 struct asg_world_refusal *refusal);

/* --- launch templates --- */

struct asg_world_version {
    int64_t number;
    int64_t at_ms;
    char *description; /* NULL: none */
    struct asg_world_data data;
};

struct asg_world_template {
    char id[ASG_WORLD_ID_SIZE];
    char *name;
    int64_t at_ms;
    int64_t default_version;
    int64_t latest_version;
    struct asg_world_version **versions; /* by number, gaps left out */
    size_t version_count;
    struct asg_world_tags tags;
    bool is_deleted; /* no longer listed; kept for its client token */
};

struct asg_world_template_request {
    const char *client_token;
    struct asg_world_template_reference template; /* name: of the new one */
    const char *source_version;
    const char *description;
    struct asg_world_data data;
    struct asg_world_tags tags; /* of the template itself */
    bool is_dry_run;
};

ASG_MUST_USE enum asg_status asg_world_create_template(
    struct asg_world *world, const struct asg_world_template_request *request,
    int64_t now_ms, const struct asg_world_template **ret,
    struct asg_world_refusal *refusal);
ASG_MUST_USE enum asg_status asg_world_create_version(
    struct asg_world *world, const struct asg_world_template_request *request,
    int64_t now_ms, const struct asg_world_template **ret,
    const struct asg_world_version **ret_version, struct asg_world_refusal *refusal);
/* template.version: the new default. */
ASG_MUST_USE enum asg_status asg_world_set_default(
    struct asg_world *world, const struct asg_world_template_reference *reference,
    const struct asg_world_template **ret, struct asg_world_refusal *refusal);
/* *ret stays readable until the next request. */
ASG_MUST_USE enum asg_status asg_world_delete_template(
    struct asg_world *world, const struct asg_world_template_reference *reference,
    const struct asg_world_template **ret, struct asg_world_refusal *refusal);

/* A template and, unless ret_version is NULL, the version that the reference names. */
ASG_MUST_USE enum asg_status asg_world_find_template(
    const struct asg_world *world, const struct asg_world_template_reference *reference,
    const struct asg_world_template **ret, const struct asg_world_version **ret_version,
    struct asg_world_refusal *refusal);

/* All of them in order of creation, deleted ones too (look at is_deleted). */
struct asg_world_template *const *asg_world_templates(const struct asg_world *world,
                                                      size_t *ret_count);

/* --- for listings that the model does not make itself --- */

/* "web-*" with * and ?, a backslash before one that is meant. */
bool asg_world_matches(const char *pattern, const char *text);
bool asg_world_filter_takes(const struct asg_world_filter *filter, const char *text);

/* Opaque "this came last" for the next page, and back. The check covers `scope`, so
 * that a token of other arguments is refused. */
const char *asg_world_page_token(const struct asg_world *world, uint64_t last,
                                 uint64_t scope, struct asg_arena *arena);
ASG_MUST_USE enum asg_status asg_world_read_page_token(const struct asg_world *world,
                                                       const char *token, uint64_t scope,
                                                       uint64_t *ret,
                                                       struct asg_world_refusal *refusal);
uint64_t asg_world_query_scope(const struct asg_world_query *query);
ASG_MUST_USE enum asg_status asg_world_check_pages(const struct asg_world_query *query,
                                                   const char *ids_name,
                                                   struct asg_world_refusal *refusal);

#endif
