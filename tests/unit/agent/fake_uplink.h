/* fake_uplink - counts what an agent sends and keeps the last frame. */
#ifndef ASG_TESTS_UNIT_AGENT_FAKE_UPLINK_H
#define ASG_TESTS_UNIT_AGENT_FAKE_UPLINK_H

#include "agent/uplink.h"
#include "base/bytes.h"
#include "wire/wire.h"

#include "lib/check.h"

struct fake_uplink {
    struct asg_uplink uplink;
    bool is_down;
    int frames;
    struct asg_bytes last;
};

static inline enum asg_status fake_uplink_send(void *context, const void *data,
                                               size_t length)
{
    struct fake_uplink *fake = context;
    if (fake->is_down) return ASG_ERR_BUSY;
    fake->frames++;
    asg_bytes_reset(&fake->last);
    asg_bytes_append(&fake->last, data, length);
    return ASG_OK;
}

static inline void fake_uplink_init(struct fake_uplink *fake)
{
    *fake = (struct fake_uplink){0};
    fake->uplink = (struct asg_uplink){fake_uplink_send, fake};
}

static inline enum asg_message_type fake_uplink_type(const struct fake_uplink *fake)
{
    enum asg_message_type type = 0;
    assert_status(ASG_OK,
                  asg_wire_message_type(fake->last.data, fake->last.length, &type));
    return type;
}

#endif
