/* model_security - security groups and their rules, and key pairs. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ec2local/model_network.h"
#include "ec2local/model_private.h"

#define NAME_MAX 255

struct asg_world_security *const *asg_world_securities(const struct asg_world *world,
                                                       size_t *ret_count)
{
    *ret_count = world->security_count;
    return world->securities;
}

static struct asg_world_security *find_by_name(const struct asg_world *world,
                                               const char *vpc_id, const char *name)
{
    for (size_t i = 0; i < world->security_count; i++) {
        struct asg_world_security *group = world->securities[i];
        if (strcmp(group->vpc_id, vpc_id) == 0 && strcmp(group->name, name) == 0) {
            return group;
        }
    }
    return NULL;
}

static struct asg_world_security *find_by_id(const struct asg_world *world,
                                             const char *id)
{
    for (size_t i = 0; i < world->security_count; i++) {
        if (strcmp(world->securities[i]->id, id) == 0) return world->securities[i];
    }
    return NULL;
}

struct asg_world_security *asg_world_find_security(const struct asg_world *world,
                                                   const char *id, const char *name,
                                                   struct asg_world_refusal *refusal)
{
    assert(id != NULL || name != NULL);
    struct asg_world_security *found =
        id != NULL ? find_by_id(world, id)
                   : find_by_name(world, asg_world_vpc_id(), name);
    if (found == NULL) {
        (void)asg_world_refuse(refusal, 400, "InvalidGroup.NotFound",
                               "The security group '%.255s' does not exist",
                               id != NULL ? id : name);
    }
    return found;
}

static const char *copy(const char *text)
{
    return asg_world_copy(text);
}

static void clear_rule(struct asg_world_rule *rule)
{
    free((char *)(uintptr_t)rule->source); /* copies of ours */
    free((char *)(uintptr_t)rule->description);
}

/* With the id that *from has, or one that is drawn. */
static void add_rule(struct asg_world *world, struct asg_world_security *group,
                     const struct asg_world_rule *from)
{
    group->rules = asg_realloc(group->rules, group->rule_count + 1, sizeof *group->rules);
    struct asg_world_rule *rule = &group->rules[group->rule_count++];
    *rule = *from;
    rule->source = copy(from->source);
    rule->description = copy(from->description);
    if (rule->id[0] == '\0') asg_world_make_id(world, "sgr-", rule->id);
}

static struct asg_world_security *add_security(struct asg_world *world, const char *name,
                                               const char *description,
                                               const char *vpc_id, const char *rule_id)
{
    struct asg_world_security *group = asg_alloc(1, sizeof *group);
    group->name = asg_world_copy(name);
    group->description = asg_world_copy(description);
    (void)snprintf(group->vpc_id, sizeof group->vpc_id, "%s", vpc_id);
    world->securities = asg_realloc(world->securities, world->security_count + 1,
                                    sizeof(struct asg_world_security *));
    world->securities[world->security_count++] = group;
    struct asg_world_rule all = {.is_egress = true,
                                 .protocol = "-1",
                                 .from_port = -1,
                                 .to_port = -1,
                                 .source = "0.0.0.0/0"};
    (void)snprintf(all.id, sizeof all.id, "%s", rule_id);
    add_rule(world, group, &all);
    return group;
}

void asg_world_add_default_security(struct asg_world *world, const char *vpc_id,
                                    const char *id)
{
    bool is_first = strcmp(vpc_id, asg_world_vpc_id()) == 0; /* whose ids never change */
    struct asg_world_security *group =
        add_security(world, "default", "default VPC security group", vpc_id,
                     is_first ? "sgr-0a000000000000001" : "");
    (void)snprintf(group->id, sizeof group->id, "%s", id);
    struct asg_world_rule own = {.protocol = "-1",
                                 .from_port = -1,
                                 .to_port = -1,
                                 .kind = ASG_WORLD_FROM_GROUP,
                                 .source = id};
    if (is_first) (void)snprintf(own.id, sizeof own.id, "sgr-0a000000000000002");
    add_rule(world, group, &own);
}

enum asg_status asg_world_create_security(struct asg_world *world, const char *name,
                                          const char *description, const char *vpc_id,
                                          const struct asg_world_tags *tags,
                                          bool is_dry_run,
                                          const struct asg_world_security **ret,
                                          struct asg_world_refusal *refusal)
{
    if (vpc_id == NULL) vpc_id = asg_world_vpc_id();
    if (asg_world_find_vpc(world, vpc_id, refusal) == NULL) return ASG_ERR_DENIED;
    if (strlen(name) > NAME_MAX || strncmp(name, "sg-", 3) == 0) {
        return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                "Value (%.300s) for parameter GroupName is invalid: at "
                                "most %d characters, and not sg-...",
                                name, NAME_MAX);
    }
    if (find_by_name(world, vpc_id, name) != NULL) {
        return asg_world_refuse(refusal, 400, "InvalidGroup.Duplicate",
                                "The security group '%s' already exists for VPC '%s'",
                                name, vpc_id);
    }
    enum asg_status status = asg_world_tags_check(tags, refusal);
    if (status == ASG_OK && world->security_count >= ASG_WORLD_SECURITY_MAX) {
        status = asg_world_refuse(refusal, 400, "SecurityGroupLimitExceeded",
                                  "The maximum number of security groups has been "
                                  "reached.");
    }
    if (status == ASG_OK && is_dry_run) status = asg_world_refuse_dry_run(refusal);
    if (status != ASG_OK) return status;
    struct asg_world_security *group = add_security(world, name, description, vpc_id, "");
    asg_world_make_id(world, "sg-", group->id);
    asg_world_tags_add(&group->tags, tags);
    *ret = group;
    return ASG_OK;
}

/* --- deleting --- */

static void drop_security(struct asg_world *world, struct asg_world_security *group)
{
    size_t kept = 0;
    for (size_t i = 0; i < world->security_count; i++) {
        if (world->securities[i] != group) {
            world->securities[kept++] = world->securities[i];
        }
    }
    world->security_count = kept;
    for (size_t i = 0; i < group->rule_count; i++) {
        clear_rule(&group->rules[i]);
    }
    free(group->rules);
    free(group->name);
    free(group->description);
    asg_world_tags_clear(&group->tags);
    free(group);
}

static bool is_default(const struct asg_world_security *group)
{
    return strcmp(group->name, "default") == 0;
}

bool asg_world_has_securities(const struct asg_world *world, const char *vpc_id)
{
    for (size_t i = 0; i < world->security_count; i++) {
        const struct asg_world_security *group = world->securities[i];
        if (strcmp(group->vpc_id, vpc_id) == 0 && !is_default(group)) return true;
    }
    return false;
}

void asg_world_drop_securities(struct asg_world *world, const char *vpc_id)
{
    for (size_t i = world->security_count; i-- > 0;) {
        if (strcmp(world->securities[i]->vpc_id, vpc_id) == 0) {
            drop_security(world, world->securities[i]);
        }
    }
}

static bool is_used(const struct asg_world *world, const struct asg_world_security *group)
{
    struct asg_world_group_name names[ASG_WORLD_GROUPS_MAX];
    for (size_t i = 0; i < world->instance_count; i++) {
        if (world->instances[i]->state == ASG_WORLD_TERMINATED) continue;
        size_t count = asg_world_groups_of(world, world->instances[i], names);
        for (size_t n = 0; n < count; n++) {
            if (strcmp(names[n].id, group->id) == 0) return true;
        }
    }
    for (size_t i = 0; i < world->security_count; i++) {
        const struct asg_world_security *other = world->securities[i];
        for (size_t r = 0; r < other->rule_count && other != group; r++) {
            if (strcmp(other->rules[r].source, group->id) == 0) return true;
        }
    }
    return false;
}

enum asg_status asg_world_delete_security(struct asg_world *world,
                                          struct asg_world_security *group,
                                          bool is_dry_run,
                                          struct asg_world_refusal *refusal)
{
    if (is_default(group)) {
        return asg_world_refuse(refusal, 400, "CannotDelete",
                                "the specified group: \"%s\" name: \"%s\" cannot be "
                                "deleted by a user",
                                group->id, group->name);
    }
    if (is_used(world, group)) {
        return asg_world_refuse(refusal, 400, "DependencyViolation",
                                "resource %s has a dependent object", group->id);
    }
    if (is_dry_run) return asg_world_refuse_dry_run(refusal);
    drop_security(world, group);
    return ASG_OK;
}

/* --- rules --- */

static bool is_same(const struct asg_world_rule *a, const struct asg_world_rule *b)
{
    return a->is_egress == b->is_egress && strcmp(a->protocol, b->protocol) == 0 &&
           a->from_port == b->from_port && a->to_port == b->to_port &&
           a->kind == b->kind && strcmp(a->source, b->source) == 0;
}

/* By its id, or by all that it says; the count of rules: there is none. */
static size_t find_rule(const struct asg_world_security *group,
                        const struct asg_world_rule *wanted)
{
    for (size_t i = 0; i < group->rule_count; i++) {
        const struct asg_world_rule *rule = &group->rules[i];
        bool is_it = wanted->id[0] != '\0' ? strcmp(rule->id, wanted->id) == 0 &&
                                                 rule->is_egress == wanted->is_egress
                                           : is_same(rule, wanted);
        if (is_it) return i;
    }
    return group->rule_count;
}

static bool is_repeated(const struct asg_world_rule *rules, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (is_same(&rules[i], &rules[at])) return true;
    }
    return false;
}

enum asg_status asg_world_authorize(struct asg_world *world,
                                    struct asg_world_security *group,
                                    const struct asg_world_rule *rules, size_t count,
                                    bool is_dry_run, size_t *ret_first,
                                    struct asg_world_refusal *refusal)
{
    for (size_t i = 0; i < count; i++) {
        if (find_rule(group, &rules[i]) < group->rule_count || is_repeated(rules, i)) {
            return asg_world_refuse(refusal, 400, "InvalidPermission.Duplicate",
                                    "the specified rule \"peer: %.60s, %s\" already "
                                    "exists",
                                    rules[i].source, rules[i].protocol);
        }
        if (rules[i].kind != ASG_WORLD_FROM_GROUP) continue;
        assert(rules[i].source != NULL);
        if (asg_world_find_security(world, rules[i].source, NULL, refusal) == NULL) {
            return ASG_ERR_DENIED;
        }
    }
    if (group->rule_count + count > ASG_WORLD_RULES_MAX) {
        return asg_world_refuse(refusal, 400, "RulesPerSecurityGroupLimitExceeded",
                                "The maximum number of rules per security group has been "
                                "reached.");
    }
    if (is_dry_run) return asg_world_refuse_dry_run(refusal);
    *ret_first = group->rule_count;
    for (size_t i = 0; i < count; i++) {
        add_rule(world, group, &rules[i]);
    }
    return ASG_OK;
}

enum asg_status asg_world_revoke(struct asg_world_security *group,
                                 const struct asg_world_rule *rules, size_t count,
                                 bool is_dry_run, struct asg_world_refusal *refusal)
{
    for (size_t i = 0; i < count; i++) {
        if (find_rule(group, &rules[i]) < group->rule_count) continue;
        return asg_world_refuse(refusal, 400, "InvalidPermission.NotFound",
                                "The specified rule does not exist in this security "
                                "group.");
    }
    if (is_dry_run) return asg_world_refuse_dry_run(refusal);
    for (size_t i = 0; i < count; i++) {
        size_t at = find_rule(group, &rules[i]);
        if (at == group->rule_count) continue; /* named twice */
        clear_rule(&group->rules[at]);
        group->rule_count--;
        memmove(&group->rules[at], &group->rules[at + 1],
                (group->rule_count - at) * sizeof *group->rules);
    }
    return ASG_OK;
}

/* --- of an instance --- */

static struct asg_world_group_name name_of(const struct asg_world *world,
                                           const char *vpc_id, const char *said,
                                           bool is_name)
{
    const struct asg_world_security *group =
        is_name ? find_by_name(world, vpc_id, said) : find_by_id(world, said);
    /* Groups that nobody made are shown as the launch says them. */
    if (group == NULL) return (struct asg_world_group_name){.id = said, .name = said};
    return (struct asg_world_group_name){.id = group->id, .name = group->name};
}

size_t asg_world_groups_of(const struct asg_world *world,
                           const struct asg_world_instance *instance,
                           struct asg_world_group_name ret[ASG_WORLD_GROUPS_MAX])
{
    static const char *const prefixes[] = {"SecurityGroup.", "SecurityGroupId.",
                                           "NetworkInterface.1.SecurityGroupId."};
    const struct asg_world_tags *said = &instance->launch->data.parameters;
    const char *vpc_id = instance->subnet->vpc_id;
    size_t count = 0;
    for (size_t i = 0; i < said->count && count < ASG_WORLD_GROUPS_MAX; i++) {
        for (size_t p = 0; p < sizeof prefixes / sizeof prefixes[0]; p++) {
            if (strncmp(said->items[i].key, prefixes[p], strlen(prefixes[p])) != 0) {
                continue;
            }
            ret[count++] = name_of(world, vpc_id, said->items[i].value,
                                   /* is_name */ p == 0);
            break;
        }
    }
    if (count > 0) return count;
    ret[0] = name_of(world, vpc_id, "default", /* is_name */ true);
    return 1;
}

/* --- key pairs --- */

struct asg_world_key *const *asg_world_keys(const struct asg_world *world,
                                            size_t *ret_count)
{
    *ret_count = world->key_count;
    return world->keys;
}

enum asg_status asg_world_check_key(const struct asg_world *world, const char *name,
                                    const struct asg_world_tags *tags,
                                    struct asg_world_refusal *refusal)
{
    for (size_t i = 0; i < world->key_count; i++) {
        if (strcmp(world->keys[i]->name, name) != 0) continue;
        return asg_world_refuse(refusal, 400, "InvalidKeyPair.Duplicate",
                                "The keypair already exists");
    }
    if (strlen(name) > NAME_MAX) {
        return asg_world_refuse(refusal, 400, "InvalidParameterValue",
                                "The name of a key pair has at most %d characters",
                                NAME_MAX);
    }
    if (world->key_count >= ASG_WORLD_KEYS_MAX) {
        return asg_world_refuse(refusal, 400, "KeyPairLimitExceeded",
                                "The maximum number of key pairs has been reached");
    }
    return asg_world_tags_check(tags, refusal);
}

const struct asg_world_key *asg_world_add_key(struct asg_world *world, const char *name,
                                              const char *fingerprint, const char *type,
                                              const struct asg_world_tags *tags,
                                              int64_t now_ms)
{
    struct asg_world_key *key = asg_alloc(1, sizeof *key);
    asg_world_make_id(world, "key-", key->id);
    key->name = asg_world_copy(name);
    (void)snprintf(key->fingerprint, sizeof key->fingerprint, "%s", fingerprint);
    (void)snprintf(key->type, sizeof key->type, "%s", type);
    key->at_ms = now_ms;
    asg_world_tags_add(&key->tags, tags);
    world->keys =
        asg_realloc(world->keys, world->key_count + 1, sizeof(struct asg_world_key *));
    world->keys[world->key_count++] = key;
    return key;
}

static void clear_key(struct asg_world_key *key)
{
    asg_world_tags_clear(&key->tags);
    free(key->name);
    free(key);
}

bool asg_world_delete_key(struct asg_world *world, const char *name, const char *id,
                          bool is_dry_run, char ret[ASG_WORLD_ID_SIZE])
{
    for (size_t i = 0; i < world->key_count; i++) {
        struct asg_world_key *key = world->keys[i];
        bool is_it = id != NULL ? strcmp(key->id, id) == 0 : strcmp(key->name, name) == 0;
        if (!is_it) continue;
        memcpy(ret, key->id, ASG_WORLD_ID_SIZE);
        if (is_dry_run) return true;
        world->keys[i] = world->keys[--world->key_count];
        clear_key(key);
        return true;
    }
    return false;
}

void asg_world_clear_securities(struct asg_world *world)
{
    while (world->security_count > 0) {
        drop_security(world, world->securities[world->security_count - 1]);
    }
    free(world->securities);
    for (size_t i = 0; i < world->key_count; i++) {
        clear_key(world->keys[i]);
    }
    free(world->keys);
}
