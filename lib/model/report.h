/* report - what an agent says of its instance, once an interval. */
#ifndef ASG_MODEL_REPORT_H
#define ASG_MODEL_REPORT_H

#include <stdint.h>

/* Percentages in thousandths of a percent (42.5 % is 42500): 0 to 100,000. */
#define ASG_PERCENT_MILLI_MAX 100000

/* A version as a number, parts below 1024: 0.1.0 is 1024. */
#define ASG_VERSION_NUMBER(major, minor, patch)                                          \
    ((uint32_t)(major) << 20 | (uint32_t)(minor) << 10 | (uint32_t)(patch))

struct asg_report {
    uint64_t boot_id;  /* random at the agent's start */
    uint64_t sequence; /* from 1, strictly increasing within a boot id */
    int64_t time_ms; /* the agent's clock: rates are over its differences; not trusted */
    uint32_t interval_ms;
    uint32_t cpu_milli;
    uint32_t memory_milli;
    uint32_t load_milli;       /* 1-minute load average per core, thousandths */
    uint32_t pressure_milli;   /* PSI cpu some avg10 */
    uint64_t network_in_bytes; /* since boot, as the next three */
    uint64_t network_out_bytes;
    uint64_t disk_read_bytes;
    uint64_t disk_write_bytes;
    uint32_t grpc_port; /* where the agent answers probes; 0: not said */
    uint32_t version;   /* of the agent, ASG_VERSION_NUMBER; 0: not said */
};

#endif
