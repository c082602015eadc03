#include "cli/log/write_record.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/crypto.h"
#include "text/render.h"
#include "wire/wire.h"

/* What the payload of a record of this kind holds; NULL: bytes of another sort. */
static const struct asg_schema *schema_of(const char *kind)
{
    if (strcmp(kind, "event") == 0 || strcmp(kind, "metrics") == 0) {
        return &asg_event_schema;
    }
    return strcmp(kind, "effects") == 0 ? &asg_effects_schema : NULL;
}

static void write_hex(const void *data, size_t length, struct asg_bytes *ret)
{
    char *at = (char *)asg_bytes_reserve(ret, 2 * length + 1);
    asg_hex_encode(data, length, at);
    ret->length += 2 * length;
}

/* The payload as JSON: decoded where we know how, else in hex; nothing: null. */
static void write_payload(const struct asg_record *record, struct asg_arena *arena,
                          struct asg_bytes *ret)
{
    const struct asg_schema *schema = schema_of(record->kind);
    if (record->is_pruned || record->payload_length == 0) {
        asg_bytes_append_text(ret, "null");
        return;
    }
    if (schema != NULL) {
        void *object = asg_arena_take(arena, schema->size);
        if (asg_wire_decode(schema, record->payload, record->payload_length, arena,
                            object) == ASG_OK) {
            asg_render_json(schema, object, /* is_compact */ true, ret);
            return;
        }
    }
    asg_bytes_append_byte(ret, '"');
    write_hex(record->payload, record->payload_length, ret);
    asg_bytes_append_byte(ret, '"');
}

void asg_write_record_json(const struct asg_record *record, struct asg_arena *arena,
                           struct asg_bytes *ret)
{
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(record->time_ms, when);
    asg_bytes_printf(ret,
                     "{\"seq\":%" PRIu64 ",\"epoch\":%" PRIu64
                     ",\"time\":\"%s\",\"time_ms\":%" PRId64 ",\"kind\":",
                     record->seq, record->epoch, when, record->time_ms);
    asg_render_json_text(record->kind, ret);
    asg_bytes_append_text(ret, ",\"subject\":");
    asg_render_json_text(record->subject, ret);
    asg_bytes_append_text(ret, ",\"note\":");
    asg_render_json_text(record->note, ret);
    asg_bytes_printf(ret, ",\"is_pruned\":%s,\"content_hash\":\"",
                     record->is_pruned ? "true" : "false");
    write_hex(record->content_hash, ASG_LOG_HASH_BYTES, ret);
    asg_bytes_append_text(ret, "\",\"chain_hash\":\"");
    write_hex(record->chain_hash, ASG_LOG_HASH_BYTES, ret);
    asg_bytes_append_text(ret, "\",\"payload\":");
    write_payload(record, arena, ret);
    asg_bytes_append_text(ret, "}\n");
}

const char *asg_record_csv_titles(void)
{
    return "seq,epoch,time,time_ms,kind,subject,note,is_pruned,content_hash,chain_hash,"
           "payload\r\n";
}

static void write_cell(const char *text, size_t length, struct asg_bytes *ret)
{
    asg_bytes_append_byte(ret, ',');
    asg_render_csv_text(text, length, ret);
}

void asg_write_record_csv(const struct asg_record *record, struct asg_arena *arena,
                          struct asg_bytes *ret)
{
    char when[ASG_TIME_TEXT_MAX];
    asg_time_format(record->time_ms, when);
    asg_bytes_printf(ret, "%" PRIu64 ",%" PRIu64 ",%s,%" PRId64 ",%s", record->seq,
                     record->epoch, when, record->time_ms, record->kind);
    write_cell(record->subject, strlen(record->subject), ret);
    write_cell(record->note, strlen(record->note), ret);
    asg_bytes_append_text(ret, record->is_pruned ? ",true," : ",false,");
    write_hex(record->content_hash, ASG_LOG_HASH_BYTES, ret);
    asg_bytes_append_byte(ret, ',');
    write_hex(record->chain_hash, ASG_LOG_HASH_BYTES, ret);
    ASG_CLEANUP(asg_bytes_clear) struct asg_bytes payload = {0};
    if (!record->is_pruned && record->payload_length > 0) {
        write_payload(record, arena, &payload);
    }
    write_cell((const char *)payload.data, payload.length, ret);
    asg_bytes_append_text(ret, "\r\n");
}
