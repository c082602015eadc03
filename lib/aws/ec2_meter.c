#include "aws/ec2_meter.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct asg_metric_family kinds[ASG_EC2_METER_ROWS] = {
#define X(id, family, label_names, metric_kind, help_text)                               \
    [ASG_EC2_METER_##id] = {.name = (family),                                            \
                            .labels = (label_names),                                     \
                            .help = (help_text),                                         \
                            .kind = ASG_METRIC_##metric_kind},
    ASG_EC2_METER_METRICS(X)
#undef X
};

size_t asg_ec2_meter_action(struct asg_ec2_meter *meter, const char *name)
{
    size_t count = atomic_load_explicit(&meter->action_count, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(meter->actions[i], name) == 0) return i;
    }
    assert(count < ASG_EC2_METER_ACTIONS); /* as many as the code can make */
    meter->actions[count] = name;
    char *labels = meter->action_labels[count];
    (void)snprintf(labels, ASG_EC2_METER_LABELS, "action=\"%s\"", name);
    for (int row = 0; row < ASG_EC2_METER_ERROR; row++) {
        struct asg_metric *metric = &meter->rows[row][count];
        metric->name = kinds[row].name;
        metric->labels = labels;
        metric->help = kinds[row].help;
        metric->kind = kinds[row].kind;
    }
    /* Printers see it from here on. */
    atomic_store_explicit(&meter->action_count, count + 1, memory_order_release);
    return count;
}

/* A code as a label: EC2's are letters, digits and dots; anything else is a '?'. */
static void write_labels(char *ret, const char *action, const char *code,
                         enum asg_error_class class)
{
    char clean[ASG_EC2_METER_LABELS / 2];
    size_t length = 0;
    for (; code[length] != '\0' && length < sizeof clean - 1; length++) {
        unsigned char c = (unsigned char)code[length];
        bool is_fine = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                       (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-';
        clean[length] = is_fine ? (char)c : '?';
    }
    clean[length] = '\0';
    (void)snprintf(ret, ASG_EC2_METER_LABELS, "action=\"%s\",code=\"%s\",class=\"%s\"",
                   action, clean, asg_error_class_word(class));
}

static void count_error(struct asg_ec2_meter *meter, const char *action, const char *code,
                        enum asg_error_class class)
{
    char labels[ASG_EC2_METER_LABELS];
    size_t count = atomic_load_explicit(&meter->error_count, memory_order_relaxed);
    write_labels(labels, action, code[0] == '\0' ? "none" : code, class);
    /* The last place is for what does not fit. */
    if (count >= ASG_EC2_METER_ERRORS - 1) {
        (void)snprintf(labels, sizeof labels,
                       "action=\"other\",code=\"other\",class=\"other\"");
    }
    size_t i = 0;
    while (i < count && strcmp(meter->error_labels[i], labels) != 0) {
        i++;
    }
    struct asg_metric *metric = &meter->errors[i];
    if (i == count) {
        memcpy(meter->error_labels[i], labels, sizeof labels);
        metric->name = kinds[ASG_EC2_METER_ERROR].name;
        metric->labels = meter->error_labels[i];
        metric->help = kinds[ASG_EC2_METER_ERROR].help;
        metric->kind = ASG_METRIC_COUNTER;
        atomic_store_explicit(&meter->error_count, count + 1, memory_order_release);
    }
    asg_metric_add(metric, 1);
}

void asg_ec2_meter_attempt(struct asg_ec2_meter *meter,
                           const struct asg_ec2_metered *attempt)
{
    size_t i = attempt->action;
    asg_metric_add(&meter->rows[ASG_EC2_METER_ATTEMPTS][i], 1);
    asg_metric_add(&meter->rows[ASG_EC2_METER_SENT_BYTES][i],
                   (int64_t)attempt->sent_bytes);
    asg_metric_add(&meter->rows[ASG_EC2_METER_RECEIVED_BYTES][i],
                   (int64_t)attempt->received_bytes);
    asg_metric_observe_us(&meter->rows[ASG_EC2_METER_SECONDS][i], attempt->duration_us);
    if (attempt->class == ASG_ERROR_CLASS_NONE) return;
    if (attempt->class == ASG_ERROR_CLASS_THROTTLE) {
        asg_metric_add(&meter->rows[ASG_EC2_METER_THROTTLES][i], 1);
    }
    count_error(meter, meter->actions[i], attempt->code, attempt->class);
}

/* A family without a row is said too: who writes rules finds its name. */
static void print_family(const struct asg_metric_family *family, struct asg_metric *rows,
                         size_t count, enum asg_metric_form form, struct asg_bytes *ret)
{
    if (count > 0) {
        asg_metrics_print(rows, count, form, ret);
    } else {
        asg_metric_family_print(family, form, ret);
    }
}

void asg_ec2_meter_print(struct asg_ec2_meter *meter, enum asg_metric_form form,
                         struct asg_bytes *ret)
{
    size_t count = atomic_load_explicit(&meter->action_count, memory_order_acquire);
    for (int row = 0; row < ASG_EC2_METER_ERROR; row++) {
        print_family(&kinds[row], meter->rows[row], count, form, ret);
    }
    count = atomic_load_explicit(&meter->error_count, memory_order_acquire);
    print_family(&kinds[ASG_EC2_METER_ERROR], meter->errors, count, form, ret);
}
