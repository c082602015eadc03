/* ec2_query_security - security groups and their rules. */
#include <stdio.h>
#include <string.h>

#include "ec2local/ec2_query.h"
#include "ec2local/model_network.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct {
    const char *list;    /* in requests */
    const char *source;  /* its member that names the source */
    const char *element; /* in answers: the list and the source */
    const char *source_element;
} kinds[] = {
    [ASG_WORLD_FROM_CIDR] = {"IpRanges", "CidrIp", "ipRanges", "cidrIp"},
    [ASG_WORLD_FROM_CIDR6] = {"Ipv6Ranges", "CidrIpv6", "ipv6Ranges", "cidrIpv6"},
    [ASG_WORLD_FROM_GROUP] = {"Groups", "GroupId", "groups", "groupId"},
    [ASG_WORLD_FROM_PREFIX_LIST] = {"PrefixListIds", "PrefixListId", "prefixListIds",
                                    "prefixListId"},
};

/* --- writing --- */

static bool is_alike(const struct asg_world_rule *a, const struct asg_world_rule *b)
{
    return a->is_egress == b->is_egress && strcmp(a->protocol, b->protocol) == 0 &&
           a->from_port == b->from_port && a->to_port == b->to_port;
}

/* One permission: all sources of the rules that are like number `first`. */
static void write_sources(struct asg_call *call, const struct asg_world_security *group,
                          size_t first)
{
    struct asg_xml_out *out = call->out;
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        asg_xml_out_begin(out, kinds[kind].element);
        for (size_t i = first; i < group->rule_count; i++) {
            const struct asg_world_rule *rule = &group->rules[i];
            if (!is_alike(rule, &group->rules[first]) || (size_t)rule->kind != kind) {
                continue;
            }
            asg_xml_out_begin(out, "item");
            if (rule->kind == ASG_WORLD_FROM_GROUP) {
                asg_xml_out_text(out, "userId",
                                 asg_world_options(call->world)->account_id);
            }
            asg_xml_out_text(out, kinds[kind].source_element, rule->source);
            asg_xml_out_text(out, "description", rule->description);
            asg_xml_out_end(out, "item");
        }
        asg_xml_out_end(out, kinds[kind].element);
    }
}

static void write_permissions(struct asg_call *call,
                              const struct asg_world_security *group, bool is_egress)
{
    struct asg_xml_out *out = call->out;
    const char *element = is_egress ? "ipPermissionsEgress" : "ipPermissions";
    asg_xml_out_begin(out, element);
    for (size_t i = 0; i < group->rule_count; i++) {
        const struct asg_world_rule *rule = &group->rules[i];
        bool is_first = rule->is_egress == is_egress;
        for (size_t j = 0; j < i && is_first; j++) {
            is_first = !is_alike(&group->rules[j], rule);
        }
        if (!is_first) continue;
        asg_xml_out_begin(out, "item");
        asg_xml_out_text(out, "ipProtocol", rule->protocol);
        if (strcmp(rule->protocol, "-1") != 0) {
            asg_xml_out_number(out, "fromPort", rule->from_port);
            asg_xml_out_number(out, "toPort", rule->to_port);
        }
        write_sources(call, group, i);
        asg_xml_out_end(out, "item");
    }
    asg_xml_out_end(out, element);
}

static void write_group(struct asg_call *call, const struct asg_world_security *group)
{
    struct asg_xml_out *out = call->out;
    const struct asg_world_options *options = asg_world_options(call->world);
    asg_xml_out_begin(out, "item");
    asg_xml_out_text(out, "ownerId", options->account_id);
    asg_xml_out_text(out, "groupId", group->id);
    asg_xml_out_printf(out, "securityGroupArn", "arn:aws:ec2:%s:%s:security-group/%s",
                       options->region, options->account_id, group->id);
    asg_xml_out_text(out, "groupName", group->name);
    asg_xml_out_text(out, "groupDescription", group->description);
    asg_xml_out_text(out, "vpcId", group->vpc_id);
    write_permissions(call, group, /* is_egress */ false);
    write_permissions(call, group, /* is_egress */ true);
    asg_call_write_tags(out, &group->tags);
    asg_xml_out_end(out, "item");
}

static void write_rule(struct asg_call *call, const struct asg_world_security *group,
                       const struct asg_world_rule *rule)
{
    struct asg_xml_out *out = call->out;
    const char *account = asg_world_options(call->world)->account_id;
    asg_xml_out_begin(out, "item");
    asg_xml_out_text(out, "securityGroupRuleId", rule->id);
    asg_xml_out_text(out, "groupId", group->id);
    asg_xml_out_text(out, "groupOwnerId", account);
    asg_xml_out_flag(out, "isEgress", rule->is_egress);
    asg_xml_out_text(out, "ipProtocol", rule->protocol);
    asg_xml_out_number(out, "fromPort", rule->from_port);
    asg_xml_out_number(out, "toPort", rule->to_port);
    switch (rule->kind) {
    case ASG_WORLD_FROM_CIDR: asg_xml_out_text(out, "cidrIpv4", rule->source); break;
    case ASG_WORLD_FROM_CIDR6: asg_xml_out_text(out, "cidrIpv6", rule->source); break;
    case ASG_WORLD_FROM_PREFIX_LIST:
        asg_xml_out_text(out, "prefixListId", rule->source);
        break;
    case ASG_WORLD_FROM_GROUP:
        asg_xml_out_begin(out, "referencedGroupInfo");
        asg_xml_out_text(out, "groupId", rule->source);
        asg_xml_out_text(out, "userId", account);
        asg_xml_out_end(out, "referencedGroupInfo");
        break;
    }
    asg_xml_out_text(out, "description", rule->description);
    asg_xml_out_end(out, "item");
}

/* --- groups --- */

enum asg_status asg_call_do_create_security_group(struct asg_call *call)
{
    const struct asg_world_tags tags =
        asg_call_get_tag_specification(call, "", "security-group");
    const struct asg_world_security *group = NULL;
    enum asg_status status = asg_world_create_security(
        call->world, asg_value_text(&call->input, "GroupName", ""),
        asg_value_text(&call->input, "GroupDescription", ""),
        asg_value_text(&call->input, "VpcId", NULL), &tags, call->is_dry_run, &group,
        &call->refusal);
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    asg_xml_out_flag(call->out, "return", true);
    asg_xml_out_text(call->out, "groupId", group->id);
    asg_call_write_tags(call->out, &group->tags);
    asg_call_end_reply(call);
    return ASG_OK;
}

/* GroupId, or GroupName of the default VPC. NULL: refused. */
static struct asg_world_security *get_group(struct asg_call *call)
{
    const char *id = asg_value_text(&call->input, "GroupId", NULL);
    const char *name = asg_value_text(&call->input, "GroupName", NULL);
    if (id == NULL && name == NULL) {
        (void)asg_call_refuse(call, "MissingParameter",
                              "The request must contain the parameter groupName or "
                              "groupId");
        return NULL;
    }
    return asg_world_find_security(call->world, id, name, &call->refusal);
}

enum asg_status asg_call_do_delete_security_group(struct asg_call *call)
{
    struct asg_world_security *group = get_group(call);
    if (group == NULL) return ASG_ERR_DENIED;
    const char *id = asg_arena_text(call->arena, group->id);
    enum asg_status status =
        asg_world_delete_security(call->world, group, call->is_dry_run, &call->refusal);
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    asg_xml_out_flag(call->out, "return", true);
    asg_xml_out_text(call->out, "groupId", id);
    asg_call_end_reply(call);
    return ASG_OK;
}

static enum asg_status check_named(struct asg_call *call, const struct asg_world_ids *ids,
                                   const struct asg_world_ids *names)
{
    for (size_t i = 0; i < ids->count + names->count; i++) {
        const char *id = i < ids->count ? ids->items[i] : NULL;
        const char *name = i < ids->count ? NULL : names->items[i - ids->count];
        if (asg_world_find_security(call->world, id, name, &call->refusal) == NULL) {
            return ASG_ERR_DENIED;
        }
    }
    return ASG_OK;
}

static bool is_named(const struct asg_world_security *group,
                     const struct asg_world_ids *ids, const struct asg_world_ids *names)
{
    if (ids->count == 0 && names->count == 0) return true;
    if (ids->count > 0 && asg_call_is_asked(ids, group->id)) return true;
    return names->count > 0 && strcmp(group->vpc_id, asg_world_vpc_id()) == 0 &&
           asg_call_is_asked(names, group->name);
}

enum asg_status asg_call_do_describe_security_groups(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, "GroupId", 5, 1000, &query);
    if (status != ASG_OK) return status;
    const struct asg_world_ids names = asg_call_get_list(call, "GroupName");
    status = check_named(call, &query.ids, &names);
    if (status == ASG_OK)
        status = asg_world_check_pages(&query, "groupId", &call->refusal);
    struct asg_call_pages pages;
    if (status == ASG_OK) status = asg_call_begin_pages(call, &query, &pages);
    if (status != ASG_OK) return status;
    size_t count = 0;
    struct asg_world_security *const *groups = asg_world_securities(call->world, &count);
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "securityGroupInfo");
    for (size_t i = 0; i < count; i++) {
        const struct asg_call_field fields[] = {
            {"group-id", groups[i]->id},
            {"group-name", groups[i]->name},
            {"description", groups[i]->description},
            {"vpc-id", groups[i]->vpc_id},
            {"owner-id", asg_world_options(call->world)->account_id},
        };
        bool takes = false;
        status = asg_call_takes(call, &query, fields, COUNT_OF(fields), &groups[i]->tags,
                                &takes);
        if (status != ASG_OK) return status;
        if (takes && is_named(groups[i], &query.ids, &names) &&
            asg_call_is_on_page(&pages)) {
            write_group(call, groups[i]);
        }
    }
    asg_xml_out_end(call->out, "securityGroupInfo");
    asg_call_end_pages(call, &pages);
    asg_call_end_reply(call);
    return ASG_OK;
}

enum asg_status asg_call_do_describe_security_group_rules(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status =
        asg_call_get_query(call, "SecurityGroupRuleId", 5, 1000, &query);
    struct asg_call_pages pages;
    if (status == ASG_OK) status = asg_call_begin_pages(call, &query, &pages);
    if (status != ASG_OK) return status;
    size_t count = 0;
    struct asg_world_security *const *groups = asg_world_securities(call->world, &count);
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "securityGroupRuleSet");
    for (size_t i = 0; i < count; i++) {
        for (size_t r = 0; r < groups[i]->rule_count; r++) {
            const struct asg_world_rule *rule = &groups[i]->rules[r];
            const struct asg_call_field fields[] = {{"group-id", groups[i]->id},
                                                    {"security-group-rule-id", rule->id}};
            bool takes = false;
            status = asg_call_takes(call, &query, fields, COUNT_OF(fields), NULL, &takes);
            if (status != ASG_OK) return status;
            if (takes && asg_call_is_asked(&query.ids, rule->id) &&
                asg_call_is_on_page(&pages)) {
                write_rule(call, groups[i], rule);
            }
        }
    }
    asg_xml_out_end(call->out, "securityGroupRuleSet");
    asg_call_end_pages(call, &pages);
    asg_call_end_reply(call);
    return ASG_OK;
}

/* --- rules --- */

struct rules {
    struct asg_world_rule items[ASG_WORLD_RULES_MAX];
    size_t count;
};

static enum asg_status add_rule(struct asg_call *call, struct rules *rules,
                                const struct asg_world_rule *rule)
{
    if (rules->count == ASG_WORLD_RULES_MAX) {
        return asg_call_refuse(call, "RulesPerSecurityGroupLimitExceeded",
                               "The maximum number of rules per security group has been "
                               "reached.");
    }
    rules->items[rules->count++] = *rule;
    return ASG_OK;
}

/* "TCP", "6" and "tcp" are one; "all" is -1, and so are its ports. */
static void take_protocol(const struct asg_query_value *value,
                          struct asg_world_rule *rule)
{
    static const char *const names[][2] = {
        {"6", "tcp"}, {"17", "udp"}, {"1", "icmp"}, {"58", "icmpv6"}, {"all", "-1"}};
    const char *protocol = asg_value_text(value, "IpProtocol", "-1");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(protocol, names[i][0]) == 0) protocol = names[i][1];
    }
    (void)snprintf(rule->protocol, sizeof rule->protocol, "%s", protocol);
    bool is_all = strcmp(protocol, "-1") == 0;
    rule->from_port = is_all ? -1 : asg_value_number(value, "FromPort", -1);
    rule->to_port = is_all ? -1 : asg_value_number(value, "ToPort", -1);
}

static enum asg_status take_sources(struct asg_call *call,
                                    const struct asg_query_value *value,
                                    struct asg_world_rule rule, struct rules *rules)
{
    for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
        size_t count = 0;
        const struct asg_query_value *items =
            asg_value_items(value, kinds[kind].list, &count);
        for (size_t i = 0; i < count; i++) {
            rule.kind = (enum asg_world_source)kind;
            rule.source = asg_value_text(&items[i], kinds[kind].source, "");
            rule.description = asg_value_text(&items[i], "Description", NULL);
            enum asg_status status = add_rule(call, rules, &rule);
            if (status != ASG_OK) return status;
        }
    }
    return ASG_OK;
}

/* IpPermissions, the one rule that stands in the request itself, and rules by id. */
static enum asg_status get_rules(struct asg_call *call, bool is_egress,
                                 struct rules *rules)
{
    const struct asg_query_value *input = &call->input;
    size_t count = 0;
    const struct asg_query_value *items = asg_value_items(input, "IpPermissions", &count);
    enum asg_status status = ASG_OK;
    for (size_t i = 0; status == ASG_OK && i < count; i++) {
        struct asg_world_rule rule = {.is_egress = is_egress};
        take_protocol(&items[i], &rule);
        status = take_sources(call, &items[i], rule, rules);
    }
    const char *cidr = asg_value_text(input, "CidrIp", NULL);
    if (status == ASG_OK && cidr != NULL) {
        struct asg_world_rule rule = {.is_egress = is_egress, .source = cidr};
        take_protocol(input, &rule);
        status = add_rule(call, rules, &rule);
    }
    items = asg_value_items(input, "SecurityGroupRuleId", &count);
    for (size_t i = 0; status == ASG_OK && i < count; i++) {
        struct asg_world_rule rule = {.is_egress = is_egress, .source = ""};
        (void)snprintf(rule.id, sizeof rule.id, "%s", items[i].text);
        status = add_rule(call, rules, &rule);
    }
    if (status == ASG_OK && rules->count == 0) {
        return asg_call_refuse(call, "MissingParameter",
                               "The request must contain the parameter ipPermissions");
    }
    return status;
}

static enum asg_status authorize(struct asg_call *call, bool is_egress)
{
    struct asg_world_security *group = get_group(call);
    if (group == NULL) return ASG_ERR_DENIED;
    struct rules *rules = asg_arena_take(call->arena, sizeof *rules);
    size_t first = 0;
    enum asg_status status = get_rules(call, is_egress, rules);
    if (status == ASG_OK) {
        status = asg_world_authorize(call->world, group, rules->items, rules->count,
                                     call->is_dry_run, &first, &call->refusal);
    }
    if (status != ASG_OK) return status;
    asg_call_begin_reply(call);
    asg_xml_out_flag(call->out, "return", true);
    asg_xml_out_begin(call->out, "securityGroupRuleSet");
    for (size_t i = first; i < group->rule_count; i++) {
        write_rule(call, group, &group->rules[i]);
    }
    asg_xml_out_end(call->out, "securityGroupRuleSet");
    asg_call_end_reply(call);
    return ASG_OK;
}

static enum asg_status revoke(struct asg_call *call, bool is_egress)
{
    struct asg_world_security *group = get_group(call);
    if (group == NULL) return ASG_ERR_DENIED;
    struct rules *rules = asg_arena_take(call->arena, sizeof *rules);
    enum asg_status status = get_rules(call, is_egress, rules);
    if (status == ASG_OK) {
        status = asg_world_revoke(group, rules->items, rules->count, call->is_dry_run,
                                  &call->refusal);
    }
    if (status == ASG_OK) asg_call_write_return(call);
    return status;
}

enum asg_status asg_call_do_authorize_ingress(struct asg_call *call)
{
    return authorize(call, /* is_egress */ false);
}

enum asg_status asg_call_do_authorize_egress(struct asg_call *call)
{
    return authorize(call, /* is_egress */ true);
}

enum asg_status asg_call_do_revoke_ingress(struct asg_call *call)
{
    return revoke(call, /* is_egress */ false);
}

enum asg_status asg_call_do_revoke_egress(struct asg_call *call)
{
    return revoke(call, /* is_egress */ true);
}
