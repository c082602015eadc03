/* ec2_query_keys - key pairs, and the addresses that nobody has here. */
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "crypto/key_pair.h"
#include "ec2local/ec2_query.h"
#include "ec2local/model_network.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static void write_key(struct asg_call *call, const struct asg_world_key *key)
{
    asg_xml_out_text(call->out, "keyName", key->name);
    asg_xml_out_text(call->out, "keyFingerprint", key->fingerprint);
}

enum asg_status asg_call_do_create_key_pair(struct asg_call *call)
{
    const char *name = asg_value_text(&call->input, "KeyName", "");
    const char *type = asg_value_text(&call->input, "KeyType", "rsa");
    const struct asg_world_tags tags =
        asg_call_get_tag_specification(call, "", "key-pair");
    enum asg_status status =
        asg_world_check_key(call->world, name, &tags, &call->refusal);
    if (status == ASG_OK && call->is_dry_run) status = asg_call_refuse_dry_run(call);
    if (status != ASG_OK) return status;
    struct asg_bytes pem = {0};
    char fingerprint[ASG_FINGERPRINT_SIZE];
    asg_key_pair_make(strcmp(type, "ed25519") == 0, &pem, fingerprint);
    const struct asg_world_key *key =
        asg_world_add_key(call->world, name, fingerprint, type, &tags, call->now_ms);
    asg_call_begin_reply(call);
    write_key(call, key);
    asg_xml_out_text(call->out, "keyMaterial", asg_bytes_text(&pem));
    asg_xml_out_text(call->out, "keyPairId", key->id);
    asg_call_write_tags(call->out, &key->tags);
    asg_call_end_reply(call);
    asg_secret_wipe(pem.data, pem.length);
    asg_bytes_clear(&pem);
    return ASG_OK;
}

enum asg_status asg_call_do_import_key_pair(struct asg_call *call)
{
    const char *name = asg_value_text(&call->input, "KeyName", "");
    const char *material = asg_value_text(&call->input, "PublicKeyMaterial", "");
    const struct asg_world_tags tags =
        asg_call_get_tag_specification(call, "", "key-pair");
    enum asg_status status =
        asg_world_check_key(call->world, name, &tags, &call->refusal);
    if (status != ASG_OK) return status;
    char *text = asg_arena_take(call->arena, 3 * (strlen(material) / 4) + 4);
    size_t length = 0;
    const char *type = NULL;
    char fingerprint[ASG_FINGERPRINT_SIZE];
    if (asg_base64_decode(material, text, &length) != ASG_OK ||
        asg_key_pair_fingerprint(text, &type, fingerprint) != ASG_OK) {
        return asg_call_refuse(call, "InvalidKey.Format",
                               "Key is not in valid OpenSSH public key format");
    }
    if (call->is_dry_run) return asg_call_refuse_dry_run(call);
    const struct asg_world_key *key =
        asg_world_add_key(call->world, name, fingerprint, type, &tags, call->now_ms);
    asg_call_begin_reply(call);
    write_key(call, key);
    asg_xml_out_text(call->out, "keyPairId", key->id);
    asg_call_write_tags(call->out, &key->tags);
    asg_call_end_reply(call);
    return ASG_OK;
}

enum asg_status asg_call_do_delete_key_pair(struct asg_call *call)
{
    const char *name = asg_value_text(&call->input, "KeyName", NULL);
    const char *id = asg_value_text(&call->input, "KeyPairId", NULL);
    if (name == NULL && id == NULL) return asg_call_refuse_missing(call, "KeyName");
    char deleted[ASG_WORLD_ID_SIZE];
    bool was_there =
        asg_world_delete_key(call->world, name, id, call->is_dry_run, deleted);
    if (call->is_dry_run) return asg_call_refuse_dry_run(call);
    asg_call_begin_reply(call);
    asg_xml_out_flag(call->out, "return", true);
    asg_xml_out_text(call->out, "keyPairId", was_there ? deleted : NULL);
    asg_call_end_reply(call);
    return ASG_OK;
}

static enum asg_status check_named(struct asg_call *call,
                                   const struct asg_world_ids *asked, bool is_id)
{
    size_t count = 0;
    struct asg_world_key *const *keys = asg_world_keys(call->world, &count);
    for (size_t i = 0; i < asked->count; i++) {
        size_t k = 0;
        while (k < count &&
               strcmp(is_id ? keys[k]->id : keys[k]->name, asked->items[i]) != 0) {
            k++;
        }
        if (k < count) continue;
        return asg_call_refuse(
            call, is_id ? "InvalidKeyPairID.NotFound" : "InvalidKeyPair.NotFound",
            asg_arena_format(call->arena, "The key pair '%.255s' does not exist",
                             asked->items[i]));
    }
    return ASG_OK;
}

enum asg_status asg_call_do_describe_key_pairs(struct asg_call *call)
{
    struct asg_world_query query;
    enum asg_status status = asg_call_get_query(call, "KeyPairId", 5, 1000, &query);
    if (status != ASG_OK) return status;
    const struct asg_world_ids names = asg_call_get_list(call, "KeyName");
    status = check_named(call, &names, /* is_id */ false);
    if (status == ASG_OK) status = check_named(call, &query.ids, /* is_id */ true);
    if (status != ASG_OK) return status;
    size_t count = 0;
    struct asg_world_key *const *keys = asg_world_keys(call->world, &count);
    asg_call_begin_reply(call);
    asg_xml_out_begin(call->out, "keySet");
    for (size_t i = 0; i < count; i++) {
        const struct asg_call_field fields[] = {{"key-name", keys[i]->name},
                                                {"key-pair-id", keys[i]->id},
                                                {"fingerprint", keys[i]->fingerprint}};
        bool takes = false;
        status = asg_call_takes(call, &query, fields, COUNT_OF(fields), &keys[i]->tags,
                                &takes);
        if (status != ASG_OK) return status;
        if (!takes || !asg_call_is_asked(&query.ids, keys[i]->id) ||
            !asg_call_is_asked(&names, keys[i]->name)) {
            continue;
        }
        asg_xml_out_begin(call->out, "item");
        asg_xml_out_text(call->out, "keyPairId", keys[i]->id);
        write_key(call, keys[i]);
        asg_xml_out_text(call->out, "keyType", keys[i]->type);
        asg_xml_out_time(call->out, "createTime", keys[i]->at_ms);
        asg_call_write_tags(call->out, &keys[i]->tags);
        asg_xml_out_end(call->out, "item");
    }
    asg_xml_out_end(call->out, "keySet");
    asg_call_end_reply(call);
    return ASG_OK;
}

/* --- elastic addresses: there are none --- */

enum asg_status asg_call_do_describe_addresses(struct asg_call *call)
{
    const struct asg_world_ids addresses = asg_call_get_list(call, "PublicIp");
    const struct asg_world_ids ids = asg_call_get_list(call, "AllocationId");
    if (addresses.count > 0) {
        return asg_call_refuse(call, "InvalidAddress.NotFound",
                               asg_arena_format(call->arena, "Address '%.64s' not found.",
                                                addresses.items[0]));
    }
    if (ids.count > 0) {
        return asg_call_refuse(
            call, "InvalidAllocationID.NotFound",
            asg_arena_format(call->arena, "The allocation ID '%.64s' does not exist",
                             ids.items[0]));
    }
    asg_call_begin_reply(call);
    asg_xml_out_text(call->out, "addressesSet", "");
    asg_call_end_reply(call);
    return ASG_OK;
}
