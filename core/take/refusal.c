#include "core/take/refusal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "core/step/narrate.h"

bool asg_take_say_no(struct asg_arena *arena, struct asg_reply *ret, const char *code,
                     const char *format, ...)
{
    assert(code[0] != '\0');
    char text[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    asg_utf8_mend(text);
    *ret = (struct asg_reply){
        .is_set = true, .code = code, .message = asg_arena_text(arena, text)};
    assert(!ret->is_ok);
    return false;
}

bool asg_take_may_be_so_many(struct asg_arena *arena, struct asg_reply *ret, size_t count,
                             uint32_t limit, uint32_t bound, const char *what)
{
    assert(bound > 0);
    if (limit == 0 || limit > bound) limit = bound;
    if (count <= limit) return true;
    return asg_take_say_no(arena, ret, "LimitExceeded",
                           "%zu %s would be more than the limit of %" PRIu32, count, what,
                           limit);
}

void asg_take_refuse(struct asg_core *core, const struct asg_reply *said)
{
    assert(said->is_set && !said->is_ok);
    asg_reply_refuse(core, said->code, "%s", said->message);
}
