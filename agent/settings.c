#include "agent/settings.h"

#include "base/log.h"
static const char *const cpu_sources[] = {"host", "cgroup", "session"};
static const struct asg_enum cpu_source_words = {"CPU source", cpu_sources, 3};
static const char *const log_levels[] = {"debug", "info", "warn", "error"};
static const struct asg_enum log_level_words = {"log level", log_levels, 4};
static const struct asg_enum log_format_words = {"log format", asg_log_formats, 4};

static const char *const notice_watches[] = {"auto", "on", "off"};
static const struct asg_enum notice_watch_words = {"watch", notice_watches, 3};

static const char *const proofs[] = {"auto", "token", "sts", "document"};
static const struct asg_enum proof_words = {"proof", proofs, 4};

#define AT(field) .offset = offsetof(struct asg_agent_settings, field)

static const struct asg_config_key keys[] = {
    {"interval_ms", ASG_CONFIG_NUMBER, AT(interval_ms), "1000", 200, 60000, NULL,
     "milliseconds", "between two reports"},
    {"cpu_source", ASG_CONFIG_WORD, AT(cpu_source), "host", .words = &cpu_source_words,
     .unit = "",
     .help = "whose CPU is measured: the machine, a cgroup v2, or our own session"},
    {"cpu_capacity_milli", ASG_CONFIG_NUMBER, AT(cpu_capacity_milli), "0", 0, 4096000,
     NULL, "thousandths of a core",
     "what 100 % is for cgroup and session; 0: the cgroup's limit, or all cores"},
    {"cgroup", ASG_CONFIG_PATH, AT(cgroup), "", .unit = "",
     .help = "folder of the cgroup under /sys/fs/cgroup; empty: our own"},
    {"grpc_listen", ASG_CONFIG_TEXT, AT(grpc_listen), ":7705", .unit = "",
     .help = "address:port that answers probes; without an address the instance's "
             "private one, port 0 picks a free one"},
    {"health_listen", ASG_CONFIG_TEXT, AT(health_listen), "", .unit = "",
     .help = "loopback address:port (127.0.0.1:7707) where health clients "
             "without a certificate are answered, in plaintext; empty: none"},
    {"enrol", ASG_CONFIG_TEXT, AT(enrol), "", .unit = "",
     .help = "host:port where the controller enrols agents, several with commas between; "
             "empty: as the join line says"},
    {"enrol_ca", ASG_CONFIG_TEXT, AT(enrol_ca), "", .unit = "",
     .help = "fingerprint of the controller's certificate authority; empty: as the join "
             "line says"},
    {"join_file", ASG_CONFIG_SECRET_FILE, AT(join_file), "", .unit = "",
     .help = "file with the line \"# openasg-join: ...\"; empty: the user data"},
    {"proof", ASG_CONFIG_WORD, AT(proof), "auto", .words = &proof_words, .unit = "",
     .help = "how to prove that we run on this instance: token (of the join line), sts "
             "(its role), document (its identity document); auto: the first of these "
             "that there is, and the next after a refusal"},
    {"sts_endpoint", ASG_CONFIG_URL, AT(sts_endpoint), "", .unit = "",
     .help = "URL of STS for the proof by sts, the same as the controller's "
             "enrol.sts_endpoint; empty: STS of our Region"},
    {"dir", ASG_CONFIG_PATH, AT(dir), "", .unit = "",
     .help = "folder for our keys and certificate; empty: STATE_DIRECTORY, or else "
             "/var/lib/openasg-agent. When it cannot be written they are kept in memory, "
             "and a restart needs `openasg instance rebind`"},
    {"metadata_endpoint", ASG_CONFIG_URL, AT(metadata_endpoint), "", .unit = "",
     .help = "of EC2's instance metadata; empty: AWS_EC2_METADATA_SERVICE_ENDPOINT, or "
             "EC2's own"},
    {"instance_id", ASG_CONFIG_TEXT, AT(instance_id), "", .unit = "",
     .help = "of this machine; empty: as the metadata says"},
    {"private_ip", ASG_CONFIG_TEXT, AT(private_ip), "", .unit = "",
     .help = "of this machine; empty: as the metadata says"},
    {"drain_script", ASG_CONFIG_PATH, AT(drain_script), "", .unit = "",
     .help = "program run before the instance is terminated, when its group has a "
             "drain; empty: none"},
    {"drain_timeout_ms", ASG_CONFIG_NUMBER, AT(drain_timeout_ms), "30000", 1, 3600000,
     NULL, "milliseconds",
     "that the drain script may take, also in a group with a longer drain"},
    {"spot_notices", ASG_CONFIG_WORD, AT(spot_notices), "auto",
     .words = &notice_watch_words, .unit = "",
     .help =
         "ask the metadata for interruption and rebalance notices; auto: where it says "
         "that this is a Spot instance"},
    {"spot_notices_ms", ASG_CONFIG_NUMBER, AT(spot_notices_ms), "5000", 100, 60000, NULL,
     "milliseconds", "between two checks for notices"},
    {"log_level", ASG_CONFIG_WORD, AT(log_level), "info", .words = &log_level_words,
     .unit = "", .help = "lowest level written to standard error"},
    {"log_format", ASG_CONFIG_WORD, AT(log_format), "auto", .words = &log_format_words,
     .unit = "",
     .help = "text lines, one JSON object a line, or fields of systemd's journal; auto: "
             "the journal when systemd runs this program, else text"},
};

const struct asg_config_table asg_agent_table = {
    .program = "openasg-agent",
    .prefix = "OPENASG_AGENT",
    .summary = "reports the CPU of its instance each second and answers probes",
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
    .size = sizeof(struct asg_agent_settings),
};
