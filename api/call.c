#include "api/call.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/door.h"
#include "api/held_answers.h"
#include "model/check_texts.h"
#include "model/schemas.h"
#include "query/reply.h"

/* Two hold a call: who ends it, and the door until its handler has returned. */
struct asg_api_private {
    struct asg_api *api;
    const struct asg_http_request *request; /* NULL once the handler has returned */
    struct asg_http_later *later;           /* not NULL: it was handed on */
    struct asg_http_response response;
    struct asg_query_reply reply;
    struct asg_xml_out xml;
    asg_api_done *done;
    bool takes_refusals; /* `done` does */
    asg_api_found *found;
    int64_t came_us; /* monotonic */
    bool is_ended;
    const char *settles; /* the group of its order, whose instances come or go; NULL */
    bool is_held;        /* its answer waits for them */
    atomic_int holders;
};

struct asg_api_call *asg_api_call_new(struct asg_api *api,
                                      const struct asg_http_request *request)
{
    struct asg_api_call *call = asg_alloc(1, sizeof *call);
    call->own = asg_alloc(1, sizeof *call->own);
    call->own->api = api;
    call->own->request = request;
    atomic_init(&call->own->holders, 2);
    const struct asg_api_options *options = asg_api_options_of(api);
    call->region = options->region;
    call->account_id = options->account_id;
    call->now_ms = asg_clock_wall_ms(&options->ports.clock);
    call->own->came_us = asg_clock_monotonic_us(&options->ports.clock);
    call->actor = "";
    asg_uuid_draw(call->request_id);
    return call;
}

static void let_go(struct asg_api_call *call)
{
    if (atomic_fetch_sub(&call->own->holders, 1) > 1) return;
    asg_bytes_clear(&call->own->response.body);
    asg_arena_clear(&call->arena);
    asg_api_key_release(&call->key);
    free(call->own);
    free(call);
}

void asg_api_call_return(struct asg_api_call *call, struct asg_http_response *response)
{
    struct asg_api_private *own = call->own;
    /* `later` is set by this thread only, before the call is handed on. */
    if (own->later == NULL) {
        assert(own->is_ended); /* a handler ends its call or hands it on */
        *response = own->response;
        own->response = (struct asg_http_response){0};
    }
    let_go(call);
}

void asg_api_send(struct asg_api_call *call)
{
    struct asg_api_private *own = call->own;
    assert(own->is_ended);
    const struct asg_api_ports *ports = &asg_api_options_of(own->api)->ports;
    ports->answered(ports->context, own->response.status,
                    asg_clock_monotonic_us(&ports->clock) - own->came_us);
    /* Who handed it on has set `later`; it stays set, to say so to the door. */
    struct asg_http_later *later = own->later;
    if (later != NULL) {
        asg_http_answer(&later, &own->response);
        own->response = (struct asg_http_response){0}; /* taken over */
    }
    let_go(call);
}

/* The answer is whole. */
static void end(struct asg_api_call *call, int http_status)
{
    struct asg_api_private *own = call->own;
    assert(!own->is_ended);
    own->is_ended = true;
    own->response.status = http_status;
    own->response.content_type = "text/xml";
    asg_http_add_header(&own->response, "x-amzn-RequestId", call->request_id);
    if (own->is_held && http_status == 200) {
        asg_api_hold(own->api, call, own->settles);
    } else {
        asg_api_send(call);
    }
}

static void refuse(struct asg_api_call *call, int http_status, const char *code,
                   const char *message)
{
    struct asg_bytes *body = &call->own->response.body;
    asg_bytes_reset(body);
    struct asg_xml_out xml = {.out = body};
    asg_query_write_error(&xml, ASG_API_XMLNS, http_status, code, message,
                          call->request_id);
    end(call, http_status);
}

void asg_api_refuse(struct asg_api_call *call, int http_status, const char *code,
                    const char *format, ...)
{
    char text[ASG_QUERY_MESSAGE_MAX];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    refuse(call, http_status, code, text);
}

bool asg_api_may(struct asg_api_call *call, const char *group)
{
    const char *action = call->action->name;
    if (call->key == NULL || asg_gate_may(call->key, action, group)) return true;
    struct asg_gate_refusal refusal;
    asg_gate_deny(asg_api_gate_of(call->own->api), call->key, action, group, &refusal);
    refuse(call, refusal.http_status, refusal.code, refusal.message);
    return false;
}

void asg_api_invalid(struct asg_api_call *call, const char *format, ...)
{
    char text[ASG_QUERY_MESSAGE_MAX];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    refuse(call, 400, "ValidationError", text);
}

/* What stands around its answer. */
static struct asg_query_reply reply_of(const struct asg_api_call *call)
{
    return (struct asg_query_reply){
        .action = call->action->name,
        .xmlns = ASG_API_XMLNS,
        .request_id = call->request_id,
        .has_result = call->action->output != NULL,
    };
}

struct asg_xml_out *asg_api_begin(struct asg_api_call *call)
{
    struct asg_api_private *own = call->own;
    own->xml = (struct asg_xml_out){.out = &own->response.body};
    own->reply = reply_of(call);
    asg_query_begin_reply(&own->xml, &own->reply);
    return &own->xml;
}

void asg_api_end(struct asg_api_call *call)
{
    asg_query_end_reply(&call->own->xml, &call->own->reply);
    end(call, 200);
}

void asg_api_reply_empty(struct asg_api_call *call)
{
    (void)asg_api_begin(call);
    asg_api_end(call);
}

/* ---- streams: the envelope's beginning, the handler's pieces, the envelope's end ----
 */

struct stream {
    struct asg_http_stream inner;
    struct asg_bytes before;
    struct asg_bytes after;
    size_t done; /* bytes of the part that is being sent */
    enum { STREAM_BEFORE, STREAM_INNER, STREAM_AFTER } part;
};

static ssize_t read_text(struct stream *stream, const struct asg_bytes *text,
                         char *buffer, size_t most)
{
    size_t left = text->length - stream->done;
    size_t take = left < most ? left : most;
    memcpy(buffer, text->data + stream->done, take);
    stream->done += take;
    return (ssize_t)take;
}

static ssize_t read_part(struct stream *stream, char *buffer, size_t most)
{
    switch (stream->part) {
    case STREAM_BEFORE: return read_text(stream, &stream->before, buffer, most);
    case STREAM_INNER: return stream->inner.read(stream->inner.context, buffer, most);
    case STREAM_AFTER: break;
    }
    return read_text(stream, &stream->after, buffer, most);
}

/* As much as there is room for: each read is a piece of the answer on the wire. */
static ssize_t read_stream(void *context, char *buffer, size_t most)
{
    struct stream *stream = context;
    size_t filled = 0;
    while (filled < most) {
        ssize_t got = read_part(stream, buffer + filled, most - filled);
        if (got < 0) return got;
        filled += (size_t)got;
        if (got > 0) continue;
        if (stream->part == STREAM_AFTER) break;
        stream->part++;
        stream->done = 0;
    }
    return (ssize_t)filled;
}

static void end_stream(void *context)
{
    struct stream *stream = context;
    if (stream->inner.end != NULL) stream->inner.end(stream->inner.context);
    asg_bytes_clear(&stream->before);
    asg_bytes_clear(&stream->after);
    free(stream);
}

static void write_envelope(const struct asg_api_call *call, struct asg_bytes *before,
                           struct asg_bytes *after)
{
    struct asg_query_reply reply = reply_of(call);
    struct asg_xml_out xml = {.out = before};
    asg_query_begin_reply(&xml, &reply);
    xml.out = after;
    asg_query_end_reply(&xml, &reply);
}

void asg_api_stream(struct asg_api_call *call, struct asg_http_stream inner)
{
    struct stream *stream = asg_alloc(1, sizeof *stream);
    stream->inner = inner;
    write_envelope(call, &stream->before, &stream->after);
    call->own->response.stream = (struct asg_http_stream){
        .read = read_stream, .end = end_stream, .context = stream};
    end(call, 200);
}

/* ---- pieces, with the envelope's two about them ---- */

struct pieces {
    struct asg_http_pieces inner;
    struct asg_bytes before;
    struct asg_bytes after;
    struct asg_http_piece items[];
};

static void end_pieces(void *context)
{
    struct pieces *pieces = context;
    if (pieces->inner.end != NULL) pieces->inner.end(pieces->inner.context);
    asg_bytes_clear(&pieces->before);
    asg_bytes_clear(&pieces->after);
    free(pieces);
}

void asg_api_pieces(struct asg_api_call *call, struct asg_http_pieces inner)
{
    struct pieces *pieces =
        asg_alloc(1, sizeof *pieces + (inner.count + 2) * sizeof pieces->items[0]);
    pieces->inner = inner;
    write_envelope(call, &pieces->before, &pieces->after);
    pieces->items[0] =
        (struct asg_http_piece){pieces->before.data, pieces->before.length};
    memcpy(pieces->items + 1, inner.items, inner.count * sizeof inner.items[0]);
    pieces->items[inner.count + 1] =
        (struct asg_http_piece){pieces->after.data, pieces->after.length};
    call->own->response.pieces = (struct asg_http_pieces){.items = pieces->items,
                                                          .count = inner.count + 2,
                                                          .end = end_pieces,
                                                          .context = pieces};
    end(call, 200);
}

/* ---- handing it on ---- */

void asg_api_defer(struct asg_api_call *call)
{
    struct asg_api_private *own = call->own;
    if (own->later != NULL) return;
    own->later = asg_http_wait(own->request);
    own->request = NULL;
}

static void settled(void *context, const struct asg_effects *effects)
{
    struct asg_api_call *call = context;
    call->own->is_held = call->own->settles != NULL;
    if (effects == NULL) {
        refuse(call, 503, "ServiceUnavailable",
               "this controller stopped leading before it knew whether the request was "
               "executed; check, then try again");
    } else if (!effects->reply.is_ok && !call->own->takes_refusals) {
        const char *code = effects->reply.code;
        refuse(call, strcmp(code, "InternalFailure") == 0 ? 500 : 400, code,
               effects->reply.message);
    } else if (call->own->done == NULL) {
        asg_api_reply_empty(call);
    } else {
        call->own->done(call, effects);
    }
}

/* The group whose instances the order lets come or go; NULL: its answer is not held. */
static const char *group_that_settles(struct asg_api_call *call,
                                      const struct asg_command *command)
{
    const struct asg_api_options *options = asg_api_options_of(call->own->api);
    if (options->settle_ms == 0 || !asg_order_settles(command->kind)) return NULL;
    if (command->group != NULL && command->group[0] != '\0') {
        return asg_arena_text(&call->arena, command->group);
    }
    return command->instance_ids.count > 0
               ? asg_api_group_of(call, command->instance_ids.items[0])
               : NULL;
}

/* The order has a text that core's log has no room for. */
static void refuse_order(struct asg_api_call *call, const char *message)
{
    call->own->settles = NULL;
    if (!call->own->takes_refusals) {
        refuse(call, 400, "ValidationError", message);
        return;
    }
    const struct asg_effects effects = {
        .reply = {.is_set = true, .code = "ValidationError", .message = message}};
    call->own->done(call, &effects);
}

static void hand_in(struct asg_api_call *call, const struct asg_command *command,
                    asg_api_done *done, bool takes_refusals)
{
    if (command->group != NULL && command->group[0] != '\0' &&
        !asg_api_may(call, command->group)) {
        return;
    }
    const struct asg_api_ports *ports = asg_api_ports_of(call);
    struct asg_command order = *command;
    order.actor = call->actor;
    call->own->done = done;
    call->own->takes_refusals = takes_refusals;
    call->own->settles = group_that_settles(call, command);
    asg_api_defer(call);
    struct asg_error error = {""};
    if (asg_model_check_limits(&asg_command_schema, &order, &error) != ASG_OK) {
        refuse_order(call, error.text);
        return;
    }
    enum asg_status status = ports->order(ports->context, &order, settled, call);
    if (status == ASG_ERR_INVALID) {
        char text[ASG_QUERY_MESSAGE_MAX];
        (void)snprintf(text, sizeof text,
                       "The request is too large: at most %d bytes of it can be kept. "
                       "Split it.",
                       ASG_API_ORDER_BYTES_MAX);
        refuse_order(call, text);
    } else if (status != ASG_OK) {
        refuse(call, 400, "Throttling",
               "Rate exceeded: too many requests are in progress");
    }
}

void asg_api_order(struct asg_api_call *call, const struct asg_command *command,
                   asg_api_done *done)
{
    hand_in(call, command, done, /* takes_refusals */ false);
}

void asg_api_try(struct asg_api_call *call, const struct asg_command *command,
                 asg_api_done *done)
{
    hand_in(call, command, done, /* takes_refusals */ true);
}

static void told(void *context, const struct asg_told *told)
{
    struct asg_api_call *call = context;
    if (told->outcome != ASG_TOLD_UNAVAILABLE) {
        call->own->found(call, told);
        return;
    }
    char text[ASG_QUERY_MESSAGE_MAX];
    (void)snprintf(
        text, sizeof text,
        "openasg cannot ask EC2 for what this request needs: %s%s%s; try again",
        told->code, told->code[0] != '\0' ? ": " : "", told->message);
    refuse(call, 503, "ServiceUnavailable", text);
}

void asg_api_look_up(struct asg_api_call *call, const struct asg_question *question,
                     asg_api_found *found)
{
    const struct asg_api_ports *ports = asg_api_ports_of(call);
    struct asg_error error = {""};
    if (asg_model_check_texts(&asg_question_schema, question, &error) != ASG_OK) {
        asg_api_invalid(call, "EC2 cannot be asked about this: %s", error.text);
        return;
    }
    call->own->found = found;
    asg_api_defer(call);
    enum asg_status status =
        ports->look_up(ports->context, call->actor, question, told, call);
    if (status == ASG_OK) return;
    if (status == ASG_ERR_INVALID) {
        char text[ASG_QUERY_MESSAGE_MAX];
        (void)snprintf(text, sizeof text,
                       "At most %d subnets, zones or instances may be named in one call",
                       ASG_QUESTION_IDS_MAX);
        refuse(call, 400, "ValidationError", text);
    } else if (status == ASG_ERR_LIMIT) {
        refuse(call, 400, "Throttling",
               "Rate exceeded: too many calls of this access key wait for an answer of "
               "EC2");
    } else if (status == ASG_ERR_BUSY) {
        refuse(call, 400, "Throttling",
               "Rate exceeded: too many calls wait for an answer of EC2");
    } else {
        refuse(call, 503, "ServiceUnavailable", "this controller is stopping; try again");
    }
}

const char *asg_api_group_of(struct asg_api_call *call, const char *instance_id)
{
    const struct asg_root *root = asg_view_hold(asg_api_ports_of(call)->view);
    const struct asg_page *page = NULL;
    bool is_there = asg_root_find_instance(root, instance_id, &page, NULL) != NULL;
    const char *group =
        is_there ? asg_arena_text(&call->arena, asg_page_name(page)) : NULL;
    asg_view_drop(&root);
    return group;
}

const struct asg_api_ports *asg_api_ports_of(const struct asg_api_call *call)
{
    return &asg_api_options_of(call->own->api)->ports;
}

const struct asg_api_limits *asg_api_limits_of(const struct asg_api_call *call)
{
    return &asg_api_options_of(call->own->api)->limits;
}
