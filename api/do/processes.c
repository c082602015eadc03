/* processes - SuspendProcesses and ResumeProcesses. */
#include "api/do/do.h"
#include "api/words.h"

/* "Launch, Terminate, ..." */
static const char *all_words(struct asg_arena *arena)
{
    const char *list = asg_api_word(&asg_api_process_words, 0);
    for (size_t i = 1; i < asg_api_process_words.count; i++) {
        list = asg_arena_format(arena, "%s, %s", list,
                                asg_api_word(&asg_api_process_words, i));
    }
    return list;
}

/* Names of none are all of them. False: the call is ended. */
static bool read_processes(struct asg_api_call *call, uint64_t *ret)
{
    size_t count = 0;
    const struct asg_query_value *names =
        asg_value_items(&call->input, "ScalingProcesses", &count);
    *ret = 0;
    for (size_t i = 0; i < count; i++) {
        int process = asg_api_value(&asg_api_process_words, names[i].text);
        if (process < 0) {
            asg_api_invalid(call, "Invalid ScalingProcess '%.100s'. Valid processes: %s",
                            names[i].text, all_words(&call->arena));
            return false;
        }
        *ret |= UINT64_C(1) << process;
    }
    return true;
}

static void order(struct asg_api_call *call, enum asg_command_kind kind)
{
    struct asg_command command = {
        .kind = kind, .group = asg_value_text(&call->input, "AutoScalingGroupName", "")};
    if (read_processes(call, &command.processes)) asg_api_order(call, &command, NULL);
}

void asg_do_suspend_processes(struct asg_api_call *call)
{
    order(call, ASG_COMMAND_SUSPEND);
}

void asg_do_resume_processes(struct asg_api_call *call)
{
    order(call, ASG_COMMAND_RESUME);
}
