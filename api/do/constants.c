/* constants - the actions whose answer never changes: the words of the service. */
#include "api/do/do.h"

#include "api/words.h"
#include "model/schema.h"
#include "query/write.h"

static void begin(struct asg_api_call *call, struct asg_writer *writer)
{
    asg_write_init(writer, asg_api_begin(call), call->action->output);
}

static void end(struct asg_api_call *call, struct asg_writer *writer)
{
    asg_write_finish(writer);
    asg_api_end(call);
}

/* A list of structures that have one text each. */
static void write_each(struct asg_writer *writer, const char *list, const char *member,
                       const char *const *words, size_t count)
{
    asg_write_begin_list(writer, list);
    for (size_t i = 0; i < count; i++) {
        asg_write_begin_item(writer);
        asg_write_text(writer, member, words[i]);
        asg_write_end(writer);
    }
    asg_write_end(writer);
}

void asg_do_describe_adjustment_types(struct asg_api_call *call)
{
    struct asg_writer writer;
    begin(call, &writer);
    write_each(&writer, "AdjustmentTypes", "AdjustmentType",
               asg_api_adjustment_words.words, asg_api_adjustment_words.count);
    end(call, &writer);
}

void asg_do_describe_scaling_process_types(struct asg_api_call *call)
{
    struct asg_writer writer;
    begin(call, &writer);
    write_each(&writer, "Processes", "ProcessName", asg_api_process_words.words,
               asg_api_process_words.count);
    end(call, &writer);
}

void asg_do_describe_termination_policy_types(struct asg_api_call *call)
{
    struct asg_writer writer;
    begin(call, &writer);
    asg_write_texts(&writer, "TerminationPolicyTypes",
                    asg_api_termination_policy_words.words,
                    asg_api_termination_policy_words.count);
    end(call, &writer);
}

void asg_do_describe_metric_collection_types(struct asg_api_call *call)
{
    static const char *const granularity = "1Minute"; /* there is no other */
    struct asg_writer writer;
    begin(call, &writer);
    write_each(&writer, "Metrics", "Metric", asg_collected_metric_words.words,
               asg_collected_metric_words.count);
    write_each(&writer, "Granularities", "Granularity", &granularity, 1);
    end(call, &writer);
}

void asg_do_describe_auto_scaling_notification_types(struct asg_api_call *call)
{
    static const char *const types[] = {
        "autoscaling:EC2_INSTANCE_LAUNCH",    "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
        "autoscaling:EC2_INSTANCE_TERMINATE", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
        "autoscaling:TEST_NOTIFICATION",
    };
    struct asg_writer writer;
    begin(call, &writer);
    asg_write_texts(&writer, "AutoScalingNotificationTypes", types,
                    sizeof types / sizeof types[0]);
    end(call, &writer);
}

void asg_do_describe_lifecycle_hook_types(struct asg_api_call *call)
{
    static const char *const types[] = {
        "autoscaling:EC2_INSTANCE_LAUNCHING",
        "autoscaling:EC2_INSTANCE_TERMINATING",
    };
    struct asg_writer writer;
    begin(call, &writer);
    asg_write_texts(&writer, "LifecycleHookTypes", types, sizeof types / sizeof types[0]);
    end(call, &writer);
}
