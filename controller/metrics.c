#include "controller/metrics.h"

struct asg_metric asg_controller_metrics[ASG_COUNT_END] = {
#define X(id, metric_name, label_text, metric_kind, help_text)                           \
    {.name = (metric_name),                                                              \
     .labels = (label_text),                                                             \
     .help = (help_text),                                                                \
     .kind = ASG_METRIC_##metric_kind},
    ASG_CONTROLLER_METRICS(X)
#undef X
};
