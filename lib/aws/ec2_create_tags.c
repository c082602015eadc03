#include "aws/ec2_read.h"

#include "aws/query.h"

static void end(struct asg_arena *arena, void *reply, const char *path, const char *text)
{
    (void)arena;
    struct asg_ec2_truth *truth = reply;
    if (asg_ec2_is(path, "return")) truth->is_true = asg_ec2_is(text, "true");
}

const struct asg_ec2_action asg_ec2_create_tags_action = {
    .name = "CreateTags",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_truth),
    .end = end,
};

void asg_ec2_write_create_tags(const struct asg_ec2_create_tags *params,
                               struct asg_bytes *body)
{
    asg_query_begin(body, "CreateTags");
    asg_query_list(body, "ResourceId", params->resource_ids, params->resource_id_count);
    asg_ec2_write_tags(body, "", params->tags, params->tag_count);
    asg_query_flag(body, "DryRun", params->is_dry_run);
}

const struct asg_ec2_action asg_ec2_delete_tags_action = {
    .name = "DeleteTags",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_truth),
    .end = end,
};

void asg_ec2_write_delete_tags(const struct asg_ec2_create_tags *params,
                               struct asg_bytes *body)
{
    asg_query_begin(body, "DeleteTags");
    asg_query_list(body, "ResourceId", params->resource_ids, params->resource_id_count);
    for (size_t i = 0; i < params->tag_count; i++) {
        asg_query_item(body, "Tag", i + 1, "Key", params->tags[i].key);
    }
    asg_query_flag(body, "DryRun", params->is_dry_run);
}
